// What tiles and views show of a question: its state in words, why it has no answer, and its switches.

import { api, features, path } from "./api.js";
import { clock, h, percent, setText, shortClock, toast } from "./dom.js";
import { load, store } from "./store.js";

const REASONS = {
  disabled: "It is switched off.",
  outsideSchedule: "It is outside its schedule now.",
  viewNotNormal: "The camera's view is not normal: moved, covered, dark or blurred.",
  whenFalse: "Its condition on another question does not hold now.",
  noPicture: "The camera delivers no picture.",
  modelFailed: "The model failed at it; the log has the reason.",
  busy: "The device is busy with other questions; ask less often.",
  noHost: "No host of the cluster that has the model can be reached.",
  tooLong: "It does not fit into the model's context; shorten it.",
  notFinite: "The model's numbers are not valid; the log has the reason.",
  emptyRegion: "Its region and mask leave no part of the picture.",
  notYet: "No state has been reached yet.",
  uncertain: "The score is between the thresholds.",
  notYesNo: "The model would answer something other than yes or no.",
  notAChoice: "The model would answer something other than one of the choices.",
  notANumber: "The model's answer is not a number.",
  outOfBounds: "The number is outside of its bounds.",
  noText: "The model's answer is empty.",
  notInMode: "The current mode does not ask it.",
  clockUnset: "It has a schedule, and the clock of the device is not set.",
};

/** A reason of the service as a sentence. */
export const reasonSentence = reason => REASONS[reason] ?? `It has no answer: ${reason}.`;

const SCORERS = {
  model: "the model itself",
  threshold: "the model, with a learned threshold",
  head: "what was learned from labels",
  encoder: "what was learned, without the decoder",
};

/** What the score of a taught question is from; nothing for other questions. */
export const scorerText = scorer => scorer ? SCORERS[scorer] ?? scorer : "";

export function reasonText(question) {
  const reason = question.waitsFor ?? (question.state === "unknown" ? question.reason : null);
  return !question.enabled ? REASONS.disabled : reason ? reasonSentence(reason) : "";
}

/** What is to be said about the pictures of a taught question; nothing while they are like those from which it was taught. */
export function driftText(question) {
  const drift = question?.taughtDrift;
  if (!drift) return "";
  if (drift.state === "noReference") return "An earlier version taught it, so that a change of the pictures is not noticed. Teach it again.";
  if (drift.state !== "drifted") return "";
  return `${percent(drift.share)} of the pictures of the last hours are unlike all labelled ones (another light, or the camera was moved)${drift.since ? `, since ${clock(drift.since)}` : ""}. Answers may be wrong: label some of these pictures and teach it again.`;
}

/** Whether the answer is written by the model, so that it is a text below the question and not a word beside it. */
export const isWritten = question => question.answer === "Text" || question.answer === "Json";

/** The state as a word with a color. */
export function statePill() {
  const element = h("span.pill");
  element.update = question => {
    const state = question.enabled ? question.state : "off";
    element.hidden = isWritten(question) && state !== "unknown" && state !== "off";
    setText(element, state);
    element.title = state;
    element.className = `pill ${["yes", "no", "unknown", "off"].includes(state) ? state : "other"}`;
  };
  return element;
}

/** A written answer: a text, or the fields of an object. */
export function writtenAnswer() {
  const element = h("div.written");
  let shown = null;
  element.update = question => {
    const text = isWritten(question) && question.enabled && question.state !== "unknown" ? question.state : "";
    element.hidden = !text;
    if (text === shown) return;
    shown = text;
    const fields = question.answer === "Json" ? fieldsOf(text) : null;
    element.replaceChildren(fields
      ? h("dl.fields", null, Object.entries(fields).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value === null ? "unknown" : String(value)))))
      : h("p", null, text));
  };
  return element;
}

function fieldsOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    // Too long for a state: it was cut.
    return null;
  }
}

/** A switch for a question. */
export function enabledSwitch(question) {
  const input = h("input", { type: "checkbox", role: "switch", disabled: !store.mayChange });
  const element = h("label.switch", null, input, h("span", null, "Ask this question"));
  input.addEventListener("change", async () => {
    input.disabled = true;
    try {
      await api.send("PUT", `cameras/${path(question.camera)}/questions/${path(question.id)}/enabled`, { enabled: input.checked });
      await load();
      toast(`${question.id} is switched ${input.checked ? "on" : "off"}.`);
    } catch (error) {
      input.checked = !input.checked;
      toast(error.message, true);
    } finally {
      input.disabled = !store.mayChange;
    }
  });
  element.update = now => {
    if (!input.disabled || !store.mayChange) input.checked = now.enabled;
  };
  return element;
}

/** Holds back the events of a question for some hours. Nothing where the service cannot do that. */
export function snoozeControl(question) {
  if (!features.snooze || question.snoozedUntil === undefined) return null;
  const choice = h("select", { "aria-label": `Hold back the events of ${question.id}`, disabled: !store.mayChange },
    h("option", { value: "" }, "Snooze events"),
    ...[1, 2, 4, 8, 24].map(hours => h("option", { value: String(hours) }, hours === 1 ? "for 1 hour" : `for ${hours} hours`)),
    h("option", { value: "0" }, "End the snooze"));
  const until = h("span.hint");
  const element = h("span.snooze", null, choice, until);
  choice.addEventListener("change", async () => {
    const hours = Number(choice.value);
    if (choice.value === "") return;
    choice.value = "";
    try {
      await api.send("PUT", `cameras/${path(question.camera)}/questions/${path(question.id)}/snooze`, { hours });
      await load();
      toast(hours ? `Events of ${question.id} are held back for ${hours} h.` : `Events of ${question.id} are sent again.`);
    } catch (error) {
      toast(error.message, true);
    }
  });
  element.update = now => setText(until, now.snoozedUntil ? `Events are held back until ${shortClock(now.snoozedUntil)}.` : "");
  return element;
}
