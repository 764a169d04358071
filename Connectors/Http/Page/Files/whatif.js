// Other thresholds in the timeline of a question: the service applies its rules to the stored answers and counts what would have happened.

import { api, ApiError, features, has, path } from "./api.js";
import { h, percent, s, toast } from "./dom.js";
import { store } from "./store.js";
import { count, definitionOf, saveQuestion, settled, thresholdPair } from "./threshold.js";

const perDay = value => value >= 9.95 ? value.toFixed(0) : value.toFixed(1);

/** How many of the alarms are expected to be false, from labels. */
export function expectedText({ now, whatIf: then, falseAlarmsUnknown }, isOther = false) {
  if (falseAlarmsUnknown) return ` How many alarms are false is not known: ${falseAlarmsUnknown}.`;
  const part = ({ expected: it }) => `about ${perDay(it.falsePerDay)} false alarms per day (90 %: ${perDay(it.low)} to ${perDay(it.high)}) and ${perDay(it.realPerDay)} real ones`;
  if (!now.expected) return "";
  const real = isOther ? then.expected.realPerDay - now.expected.realPerDay : 0;
  const change = Math.abs(real) < 0.05 ? "" : ` That is ${perDay(Math.abs(real))} real ones per day ${real < 0 ? "fewer" : "more"}.`;
  return isOther ? ` Expected from the labels: ${part(then)}; as it is now, ${part(now)}.${change}` : ` Expected from the labels: ${part(now)}.`;
}

/** Adds the lines to a chart, and the counts below it; nothing where the question has no thresholds. */
export async function whatIf({ svg, left, right, x, y, score }, element, query, camera, question) {
  if (!has("GET", "history/whatif") || store.cameras.get(camera)?.questions.get(question)?.answer !== "YesNo") return;
  let start;
  try {
    start = await api.get(`history/whatif?${query}`);
  } catch (error) {
    // Too many answers: the chart shows enough.
    if (error instanceof ApiError) return;
    throw error;
  }
  if (!element.isConnected || !start.answers) return;
  // An image has no controls in it.
  svg.setAttribute("role", "group");
  const marks = s("path", { class: "would" });
  svg.append(marks);
  const words = h("p", { role: "status" });
  const save = h("button.primary", { type: "button", hidden: true }, "Use these thresholds");
  const reset = h("button", { type: "button", hidden: true }, "Back");
  let [chosen, round] = [{ ...start.now }, 0];
  const show = result => {
    const { now, whatIf: then } = result;
    const isOther = then.yesAbove !== start.now.yesAbove || then.noBelow !== start.now.noBelow;
    const has = it => `${count(it.events, "alarm")} (${count(it.changes, "change")} of the state)`;
    words.textContent = isOther
      ? `With yes from ${percent(then.yesAbove)} and no up to ${percent(then.noBelow)}: ${has(then)}. As it is now: ${has(now)}.`
      : `With its thresholds, yes from ${percent(now.yesAbove)} and no up to ${percent(now.noBelow)}: ${has(now)}. Drag a dashed line to try others.`;
    words.textContent += expectedText(result, isOther);
    if (result.answersLeftOut) words.textContent += ` ${result.answersLeftOut} older answers are stored by the minute only and do not count.`;
    save.hidden = !isOther || !store.mayChange || !features.questions;
    reset.hidden = !isOther;
    marks.setAttribute("d", then.eventTimes.map(at => `M${x(Date.parse(at)).toFixed(1)} 9l-4 -7h8z`).join(""));
  };
  const ask = settled(async () => {
    const number = ++round;
    try {
      const result = await api.get(`history/whatif?${query}&yesAbove=${chosen.yesAbove}&noBelow=${chosen.noBelow}`);
      if (number === round) show(result);
    } catch (error) {
      toast(error.message, true);
    }
  });
  const lines = thresholdPair(svg, value => ({ x1: left, x2: right, y1: y(value), y2: y(value) }), (_, at) => score(at), thresholds => {
    chosen = thresholds;
    ask();
  });
  lines.set(start.now);
  reset.addEventListener("click", () => {
    chosen = { ...start.now };
    lines.set(chosen);
    round++;
    show(start);
  });
  save.addEventListener("click", async () => {
    save.disabled = true;
    try {
      await saveQuestion(camera, question, await definitionOf(camera, question), { YesAbove: chosen.yesAbove, NoBelow: chosen.noBelow });
      start = await api.get(`history/whatif?${query}`);
      show(start);
      toast("The thresholds count from now on.");
    } catch (error) {
      toast(error.message, true);
    } finally {
      save.disabled = false;
    }
  });
  show(start);
  element.append(h("div.whatif", null, words, h("div.actions", null, save, reset,
    has("POST", "tryouts") ? h("a.button", { href: `#/tryout/${path(camera)}/${path(question)}` }, "Try other wordings") : null)));
}
