// Asks a question once: about the next frame of a camera, or about a picture file.

import { api, path } from "./api.js";
import { field, h, milliseconds, percent, scoreBar } from "./dom.js";
import { reasonSentence } from "./question.js";
import { store } from "./store.js";

const TYPES = [["YesNo", "Yes or no"], ["Choice", "One of several choices"], ["Number", "A number"], ["Text", "A text"]];

export const READ_ONLY = "This log-in may see, but not ask or change. Log in with a token without the word read.";

export function typeSelect(value = "YesNo", more = []) {
  return h("select", null, [...TYPES, ...more].map(([name, words]) => h("option", { value: name, selected: name === value }, words)));
}

export const lines = text => text.split("\n").map(line => line.trim()).filter(line => line);

/** An answer in large letters, with its score and what it cost. */
export function answerCard(answer, extra) {
  const isKnown = answer.value !== "unknown";
  const facts = [];
  if (typeof answer.score === "number") facts.push(`Score ${percent(answer.score)}`);
  if (answer.frame !== undefined && answer.frame !== null) facts.push(`frame ${answer.frame}`);
  if (answer.ageMs !== undefined && answer.ageMs !== null) facts.push(`the picture was ${milliseconds(answer.ageMs)} old`);
  const { encodeMs, prefillMs, decodeMs } = answer.timings;
  facts.push(`encode ${milliseconds(encodeMs)}, prefill ${milliseconds(prefillMs)}, decode ${milliseconds(decodeMs)}`);
  const element = h("div.answer", { role: "status" }, h("p.value", null, isKnown ? answer.value : "unknown"));
  if (typeof answer.score === "number") element.append(scoreBar(answer.score));
  if (answer.scores) {
    element.append(h("ul.choices", null, Object.entries(answer.scores).sort((a, b) => b[1] - a[1]).map(([name, score]) => h("li", null, h("span", null, name), h("span", null, percent(score))))));
  }
  if (!isKnown && answer.reason) element.append(h("p", null, `There is no clear answer. ${reasonSentence(answer.reason)}`));
  if (answer.text && answer.text.toLowerCase() !== answer.value.toLowerCase()) element.append(h("p.hint", null, `The model wrote: ${answer.text}`));
  element.append(h("p.hint", null, `${facts.join("; ")}.`));
  if (extra) element.append(extra);
  return element;
}

/** The box with a question. */
export function askBox({ camera } = {}) {
  const pick = camera ? null : h("select", null,
    [...store.cameras.keys()].map(id => h("option", { value: id }, `Camera ${id}`)), h("option", { value: "" }, "A picture file"));
  const file = h("input", { type: "file", accept: "image/jpeg,image/png,image/webp" });
  const preview = h("img.preview", { alt: "The picture to ask about", hidden: true });
  const upload = h("div", null, field("Picture", file, "JPEG, PNG or WebP. It is sent to this device only."));
  const ask = h("input", { type: "text", required: true, maxLength: 1000, placeholder: "Is there a person?", autocomplete: "off" });
  const type = typeSelect();
  const choices = h("textarea", { rows: 3 });
  const choiceField = field("Choices", choices, "One per line, two or more.");
  const button = h("button.primary", { type: "submit", disabled: !store.mayChange }, "Ask");
  const result = h("div.result", { "aria-live": "polite" });
  const isUpload = () => pick !== null && pick.value === "";

  const arrange = () => {
    upload.hidden = !isUpload();
    preview.hidden = !isUpload() || !file.files[0];
    choiceField.hidden = type.value !== "Choice";
  };
  file.addEventListener("change", () => {
    if (preview.src) URL.revokeObjectURL(preview.src);
    if (file.files[0]) preview.src = URL.createObjectURL(file.files[0]);
    arrange();
  });
  type.addEventListener("change", arrange);
  pick?.addEventListener("change", arrange);
  arrange();

  const form = h("form.askbox", {
    async onsubmit(event) {
      event.preventDefault();
      if (isUpload() && !file.files[0]) {
        result.replaceChildren(h("p.error", { role: "alert" }, "Choose a picture file first."));
        return;
      }
      button.disabled = true;
      result.replaceChildren(h("p.working", null, "Asking ..."));
      try {
        result.replaceChildren(answerCard((await send()).answers[0]));
      } catch (error) {
        result.replaceChildren(h("p.error", { role: "alert" }, error.message));
      } finally {
        button.disabled = !store.mayChange;
      }
    },
  },
  h("div", null, pick && field("About", pick), upload, field("Question", ask), h("div.pair", null, field("Answer", type), choiceField),
    h("div.actions", null, button, store.mayChange ? null : h("p.hint", null, READ_ONLY))), h("div", null, preview, result));
  return form;

  function send() {
    const question = { ask: ask.value, answer: type.value, choices: type.value === "Choice" ? lines(choices.value) : [] };
    if (!isUpload()) return api.send("POST", `cameras/${path(camera ?? pick.value)}/ask`, { questions: [question] });
    const query = new URLSearchParams({ question: question.ask, answer: question.answer });
    for (const choice of question.choices) query.append("choices", choice);
    return api.upload(`ask?${query}`, file.files[0]);
  }
}

export function askView(main) {
  const heading = h("h1", { tabIndex: -1 }, "Ask");
  main.replaceChildren(heading, h("div.card.askview", null, h("p", null, "Ask once about the next frame of a camera or about a picture of your own. Standing questions go first."), askBox()));
  return { title: "Ask", focus: heading, stop: () => {} };
}
