// Draws a region and masks on a picture, with the pointer or with the keyboard. Corners are parts of the picture's width and
// height: 0,0 is the top left, 1,1 the bottom right, as in the configuration.

import { h, s } from "./dom.js";

const MIN_DRAG = 0.02;
const STEP = 0.01;

/** Corners of "0,0.5 1,0.5 1,1"; null if it is none. */
export function parseShape(text) {
  const numbers = text.split(/[\s,;]+/).filter(it => it).map(Number);
  if (numbers.length < 6 || numbers.length % 2 || numbers.some(it => !(it >= 0 && it <= 1))) return null;
  return numbers.reduce((corners, it, i) => i % 2 ? (corners.at(-1).push(it), corners) : [...corners, [it]], []);
}

export function formatShape(corners) {
  return corners.map(corner => corner.map(it => String(Math.round(it * 1000) / 1000)).join(",")).join(" ");
}

/** A picture with shapes on it. "changed" is called with the index of the shape and its corners. */
export function shapeCanvas({ image, changed }) {
  const svg = s("svg", { class: "shapes", "aria-label": "Shapes on the picture" });
  const element = h("div.canvas", null, image, svg);
  let shapes = [];
  let active = 0;
  let [width, height] = [672, 378];

  const size = () => {
    if (image.naturalWidth) [width, height] = [image.naturalWidth, image.naturalHeight];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    draw();
  };
  image.addEventListener("load", size);

  const at = event => {
    const area = svg.getBoundingClientRect();
    return [clamp((event.clientX - area.left) / area.width), clamp((event.clientY - area.top) / area.height)];
  };
  const clamp = it => Math.min(1, Math.max(0, it));
  const points = corners => corners.map(([x, y]) => `${x * width},${y * height}`).join(" ");

  function draw() {
    const unit = width / (svg.clientWidth || width);
    svg.replaceChildren(
      ...shapes.map(({ kind, corners }, i) => s("polygon", { class: `${kind}${i === active ? " active" : ""}`, points: points(corners), "stroke-width": 2 * unit })),
      ...(shapes[active]?.corners ?? []).map(([x, y], i) => {
        const handle = s("circle", { class: "corner", cx: x * width, cy: y * height, r: 7 * unit, "stroke-width": 2 * unit, tabindex: 0, role: "button", "aria-label": `Corner ${i + 1} at ${x.toFixed(2)}, ${y.toFixed(2)}; arrow keys move it, Delete removes it` });
        handle.addEventListener("keydown", event => move(event, i));
        handle.addEventListener("pointerdown", event => drag(event, i));
        return handle;
      }));
  }

  function set(corners) {
    shapes[active].corners = corners;
    draw();
    changed(active, corners);
  }

  function move(event, i) {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    const corners = shapes[active].corners;
    if (by) set(corners.map(([x, y], k) => k === i ? [clamp(x + by[0]), clamp(y + by[1])] : [x, y]));
    else if (event.key === "Delete" || event.key === "Backspace") set(corners.filter((_, k) => k !== i));
    else return;
    event.preventDefault();
    svg.querySelectorAll(".corner")[Math.min(i, shapes[active].corners.length - 1)]?.focus();
  }

  /** Follows a pointer until it is released. Instead of "released", "cancelled" is called where the browser takes it away. */
  function track(event, { moved, released = () => {}, cancelled = () => {} }) {
    svg.setPointerCapture(event.pointerId);
    const tracking = new AbortController();
    const listen = (name, action) => svg.addEventListener(name, it => {
      if (it.pointerId === event.pointerId) action(it);
    }, { signal: tracking.signal });
    const end = action => it => {
      tracking.abort();
      action(it);
    };
    listen("pointermove", moved);
    listen("pointerup", end(released));
    listen("pointercancel", end(cancelled));
  }

  function drag(event, i) {
    event.preventDefault();
    event.stopPropagation();
    const before = shapes[active].corners;
    track(event, {
      moved: it => set(shapes[active].corners.map((corner, k) => k === i ? at(it) : corner)),
      cancelled: () => set(before),
    });
  }

  svg.addEventListener("pointerdown", event => {
    if (!shapes[active] || event.button !== 0) return;
    event.preventDefault();
    const start = at(event);
    const before = shapes[active].corners;
    const isDrag = it => Math.abs(it[0] - start[0]) > MIN_DRAG || Math.abs(it[1] - start[1]) > MIN_DRAG;
    const rectangle = ([x, y]) => [[start[0], start[1]], [x, start[1]], [x, y], [start[0], y]];
    track(event, {
      moved: it => { if (isDrag(at(it))) set(rectangle(at(it))); },
      // A click adds a corner, a drag draws a rectangle.
      released: it => { if (!isDrag(at(it))) set(withCorner(before, start)); },
      cancelled: () => set(before),
    });
  });

  function withCorner(corners, corner) {
    if (corners.length < 3) return [...corners, corner];
    const distances = corners.map((from, i) => distance(corner, from, corners[(i + 1) % corners.length]));
    const after = distances.indexOf(Math.min(...distances));
    return [...corners.slice(0, after + 1), corner, ...corners.slice(after + 1)];
  }

  element.show = (list, selected) => {
    shapes = list.map(it => ({ ...it, corners: it.corners ?? [] }));
    active = selected;
    size();
  };
  return element;
}

function distance([x, y], [ax, ay], [bx, by]) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const part = length ? Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
  return Math.hypot(x - ax - part * (bx - ax), y - ay - part * (by - ay));
}
