// A threshold in a chart: a line that is dragged, or moved with the arrow keys. Saving one changes the definition of a question.

import { api, path } from "./api.js";
import { percent, s } from "./dom.js";

/** Members that the service adds to a definition. */
const ADDED = ["id", "source", "overrides", "deleted", "camera", "question"];

const STEPS = { ArrowUp: 0.01, ArrowRight: 0.01, ArrowDown: -0.01, ArrowLeft: -0.01, PageUp: 0.1, PageDown: -0.1, Home: -1, End: 1 };

/** A line in a chart at a score. "place" gives the ends of the line for a score, "read" the score at a point of the chart, and "changed" is called with
 *  each score that the user chooses. */
export function thresholdLine(svg, { name, place, read, changed }) {
  const [line, hit, grip] = [s("line", { class: "limit" }), s("line", { class: "hit" }), s("circle", { class: "grip", r: 7 })];
  const element = s("g", { class: "threshold-line", role: "slider", tabindex: 0, "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 100 }, line, hit, grip);
  let [value, isDragged] = [0, false];
  const set = score => {
    value = Math.round(Math.min(1, Math.max(0, score)) * 100) / 100;
    const ends = place(value);
    for (const it of [line, hit]) for (const key of ["x1", "y1", "x2", "y2"]) it.setAttribute(key, ends[key]);
    grip.setAttribute("cx", ends.x2);
    grip.setAttribute("cy", ends.y2);
    element.setAttribute("aria-valuenow", Math.round(value * 100));
    element.setAttribute("aria-valuetext", percent(value));
  };
  const choose = score => {
    const before = value;
    set(score);
    if (value === before) return;
    isDragged = true;
    changed(value);
  };
  const follow = event => {
    const box = svg.getBoundingClientRect();
    const { width, height } = svg.viewBox.baseVal;
    choose(read((event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height));
  };
  element.addEventListener("pointerdown", event => {
    event.preventDefault();
    isDragged = false;
    element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", event => { if (element.hasPointerCapture(event.pointerId)) follow(event); });
  // The end of a drag is not a click on the chart.
  element.addEventListener("click", event => { if (isDragged) event.stopPropagation(); });
  element.addEventListener("keydown", event => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    choose(value + step);
  });
  svg.append(element);
  return { set, get value() { return value; }, remove: () => element.remove() };
}

/** Two lines that cannot cross: the least score of yes and the largest of no. */
export function thresholdPair(svg, place, read, changed) {
  const lines = {};
  const line = (key, other, name, isBeyond) => thresholdLine(svg, {
    name,
    place,
    read,
    changed(value) {
      if (isBeyond(value, lines[other].value)) lines[other].set(value);
      changed({ yesAbove: lines.yesAbove.value, noBelow: lines.noBelow.value });
    },
  });
  lines.noBelow = line("noBelow", "yesAbove", "No up to this score", (value, yes) => value > yes);
  lines.yesAbove = line("yesAbove", "noBelow", "Yes from this score", (value, no) => value < no);
  return { set({ yesAbove, noBelow }) { lines.yesAbove.set(yesAbove); lines.noBelow.set(noBelow); } };
}

/** Calls an action with the last arguments, once nobody has called for a moment. */
export function settled(action) {
  let timer = null;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), 150);
  };
}

/** The definition of a question without what the service adds to it; null if the camera does not have it. */
export async function definitionOf(camera, question) {
  const found = (await api.get(`cameras/${path(camera)}/questions`)).find(it => it.id === question && !it.deleted);
  return found ? Object.fromEntries(Object.entries(found).filter(([key]) => !ADDED.includes(key))) : null;
}

/** Stores a question with some members replaced, whatever the case of their names in the file. */
export async function saveQuestion(camera, question, definition, changes) {
  const names = Object.keys(changes).map(key => key.toLowerCase());
  const kept = Object.entries(definition ?? {}).filter(([key]) => !names.includes(key.toLowerCase()));
  const replaced = Object.entries(changes).filter(([, value]) => value !== null);
  await api.send("PUT", `cameras/${path(camera)}/questions/${path(question)}`, Object.fromEntries([...kept, ...replaced]));
}

/** "3 alarms" */
export const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;
