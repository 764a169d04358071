// Scores as SVG: a small line for tiles, the last hour for the camera's view, and the split of the latency.

import { h, s, milliseconds, percent } from "./dom.js";

const GAP_MS = 60000;

/** Where the lines of a question's thresholds are: 0 to 1. */
export function thresholds(question) {
  return [question.yesAbove, question.noBelow, question.minScore]
    .filter((value, i, all) => typeof value === "number" && value > 0 && all.indexOf(value) === i);
}

const fixed = value => value.toFixed(1);

/** Lines through points, with a gap where nothing was answered for a while. */
function pathOf(points, x, y, value) {
  let text = "";
  let before = null;
  for (const point of points) {
    if (value(point) === undefined) continue;
    text += `${before === null || point.at - before > GAP_MS ? "M" : "L"}${fixed(x(point.at))} ${fixed(y(value(point)))}`;
    before = point.at;
  }
  return text;
}

/** The scores of the last minutes beside a question. */
export function sparkline() {
  const lines = s("g", { class: "threshold" });
  const line = s("path", { class: "line" });
  const dot = s("path", { class: "end" });
  const svg = s("svg", { class: "spark", viewBox: "0 0 160 32", preserveAspectRatio: "none", "aria-hidden": "true" }, lines, line, dot);
  svg.update = question => {
    const now = Date.now();
    const recent = question.points.filter(point => now - point.at < 600000);
    const isScored = recent.some(point => point.score !== undefined);
    const value = isScored ? point => point.score : point => point.number;
    const drawn = recent.filter(point => value(point) !== undefined && value(point) !== null);
    const span = drawn.length ? Math.min(600000, Math.max(30000, now - drawn[0].at)) : 30000;
    const x = at => 157 - (now - at) / span * 155;
    const most = isScored ? 1 : Math.max(1, ...drawn.map(value));
    const y = it => 30 - Math.max(0, it / most) * 28;
    lines.replaceChildren(...(isScored ? thresholds(question) : []).map(it => s("line", { x1: 0, x2: 160, y1: y(it), y2: y(it) })));
    line.setAttribute("d", pathOf(drawn, x, y, value));
    const last = drawn.at(-1);
    // A line without length is drawn as a round dot, whatever the width of the picture.
    dot.setAttribute("d", last ? `M${fixed(x(last.at))} ${fixed(y(value(last)))}h.01` : "");
    svg.classList.toggle("void", drawn.length === 0);
  };
  return svg;
}

/** The scores or numbers of the last hour, with their range and the thresholds. */
export function historyChart(label) {
  const [height, left, right, top, bottom] = [140, 46, 8, 10, 22];
  const svg = s("svg", { class: "history", role: "img" });
  const caption = h("p.hint");
  const element = h("div", null, svg, caption);
  element.update = question => {
    const now = Date.now();
    // While the service is young, an hour would be empty space.
    const covered = question.points.length ? now - question.points[0].at : 0;
    const minutes = covered > 960000 ? 60 : covered > 240000 ? 16 : 4;
    // In the page's own pixels, so that the texts have their size at any width.
    const width = Math.max(260, svg.clientWidth || 600);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const span = minutes * 60000;
    const isScored = question.points.some(point => point.score !== undefined);
    const value = isScored ? point => point.score : point => point.number ?? undefined;
    const points = question.points.filter(point => value(point) !== undefined && now - point.at < span);
    const numbers = points.map(value);
    let [low, high] = isScored ? [0, 1] : [Math.min(0, ...numbers), Math.max(1, ...numbers)];
    if (high === low) high = low + 1;
    const x = at => left + (1 - (now - at) / span) * (width - left - right);
    const y = it => top + (1 - (it - low) / (high - low)) * (height - top - bottom);
    const name = it => isScored ? percent(it) : it.toLocaleString();
    const parts = [];
    for (const it of [low, (low + high) / 2, high]) {
      parts.push(s("line", { class: "grid", x1: left, x2: width - right, y1: y(it), y2: y(it) }), s("text", { x: left - 6, y: y(it) + 4, "text-anchor": "end" }, name(it)));
    }
    for (let i = 0; i <= 4; i += width < 420 ? 2 : 1) {
      const at = now - span * (1 - i / 4);
      const ageMinutes = minutes * (1 - i / 4);
      parts.push(s("text", { x: x(at), y: height - 6, "text-anchor": i === 4 ? "end" : i === 0 ? "start" : "middle" }, ageMinutes ? `-${ageMinutes} min` : "now"));
    }
    if (isScored) {
      for (const it of thresholds(question)) {
        parts.push(s("line", { class: "limit", x1: left, x2: width - right, y1: y(it), y2: y(it) }), s("text", { class: "limit", x: left + 4, y: y(it) - 4 }, percent(it)));
      }
      const range = points.filter(point => point.high - point.low > 0.005);
      parts.push(s("path", { class: "range", d: range.map(point => `M${fixed(x(point.at))} ${fixed(y(point.low))}V${fixed(y(point.high))}`).join("") }));
    }
    parts.push(s("path", { class: "line", d: pathOf(points, x, y, value) }));
    if (points.length) parts.push(s("circle", { class: "dot", r: 3.5, cx: x(points.at(-1).at), cy: y(value(points.at(-1))) }));
    svg.replaceChildren(...parts);
    const least = Math.min(...numbers);
    const most = Math.max(...numbers);
    const summary = numbers.length ? `${name(numbers.at(-1))} now, between ${name(least)} and ${name(most)}` : "no scores yet";
    svg.setAttribute("aria-label", `${label} in the last ${minutes} minutes: ${summary}`);
    caption.textContent = numbers.length ? `Last ${minutes} minutes: ${summary}${isScored && thresholds(question).length ? "; dashed: the thresholds" : ""}.` : "No scores yet. They are kept in memory and begin anew when the service starts.";
  };
  return element;
}

const STAGES = [["encodeMs", "Encode", "the picture becomes visual tokens"], ["prefillMs", "Prefill", "picture and question enter the decoder"], ["decodeMs", "Decode", "the answer is read or written"]];

/** How long each stage took: the last answer as a bar, median and 95th percentile as text. */
export function latencyBar() {
  const bar = h("div.latency", { role: "img" });
  const legend = h("dl.legend");
  const spread = h("p.hint");
  const element = h("div", { hidden: true }, bar, legend, spread);
  element.update = question => {
    const timed = question.points.filter(point => point.encodeMs !== undefined);
    const last = question.timings && !question.reused ? question.timings : timed.at(-1);
    element.hidden = !last;
    if (!last) return;
    const total = STAGES.reduce((sum, [key]) => sum + last[key], 0);
    bar.replaceChildren(...STAGES.map(([key], i) => {
      const part = h(`span.stage${i}`);
      part.style.flexGrow = String(Math.max(last[key], total / 200));
      return part;
    }));
    bar.setAttribute("aria-label", STAGES.map(([key, name]) => `${name} ${milliseconds(last[key])}`).join(", "));
    legend.replaceChildren(...STAGES.map(([key, name, title], i) => h("div", { title }, h(`dt.stage${i}`, null, name), h("dd", null, milliseconds(last[key])))));
    const totals = timed.map(point => point.encodeMs + point.prefillMs + point.decodeMs).sort((a, b) => a - b);
    const at = share => totals[Math.min(totals.length - 1, Math.floor(totals.length * share))];
    spread.textContent = `${milliseconds(total)} in all${totals.length > 4 ? `; half of the answers within ${milliseconds(at(0.5))}, 95 % within ${milliseconds(at(0.95))}` : ""}.`;
  };
  return element;
}
