// How often a wording gave which score, with its thresholds as lines that can be dragged.

import { h, percent, s } from "./dom.js";
import { thresholdLine, thresholdPair } from "./threshold.js";

/** A histogram. "changed" is called with other thresholds: { yesAbove, noBelow } or { minScore }. */
export function scoreHistogram(counts, thresholds, changed) {
  const [width, height, left, right, top, bottom] = [Math.min(640, Math.max(280, document.getElementById("main").clientWidth - 80)), 190, 12, 12, 18, 26];
  const x = score => left + score * (width - left - right);
  const score = at => (at - left) / (width - left - right);
  const svg = s("svg", { class: "timeline histogram", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "How many frames have which score" });
  const bars = s("g");
  const update = now => {
    const most = Math.max(1, ...now);
    bars.replaceChildren(...now.map((it, i) => {
      const high = it / most * (height - top - bottom);
      return s("rect", { class: "part", x: x(i / now.length) + 1, width: (width - left - right) / now.length - 2, y: height - bottom - high, height: high }, s("title", null, `${percent(i / now.length)} to ${percent((i + 1) / now.length)}: ${it}`));
    }));
    svg.setAttribute("aria-label", `Scores of ${now.reduce((sum, it) => sum + it, 0)} frames; most in a twentieth: ${most}`);
  };
  svg.append(bars, s("line", { class: "grid", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }),
    ...[0, 0.25, 0.5, 0.75, 1].map(it => s("text", { x: x(it), y: height - 8, "text-anchor": it === 0 ? "start" : it === 1 ? "end" : "middle" }, percent(it))));
  update(counts);
  const place = value => ({ x1: x(value), x2: x(value), y1: height - bottom, y2: top - 8 });
  const read = at => score(at);
  if (thresholds.yesAbove !== null) thresholdPair(svg, place, read, changed).set(thresholds);
  else if (thresholds.minScore !== null) thresholdLine(svg, { name: "Least score of a choice", place, read, changed: minScore => changed({ minScore }) }).set(thresholds.minScore);
  return Object.assign(h("div", null, svg, h("p.hint", null, "Drag a dashed line, or move it with the arrow keys.")), { update });
}
