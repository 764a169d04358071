// Creates, changes and deletes a question of a camera, tries it on the current frame, and draws its region and masks.

import { api, features, path } from "./api.js";
import { answerCard, lines, typeSelect } from "./ask.js";
import { field, h, percent, toast } from "./dom.js";
import { cameraPicture } from "./live.js";
import { formatShape, parseShape, shapeCanvas } from "./shapes.js";
import { load, store } from "./store.js";

/** Members that have a field of their own here; all others are edited as JSON. */
const OWN = ["Ask", "Answer", "Choices", "Every", "YesAbove", "NoBelow", "MinScore", "Region", "Mask"];

/** Members that the service adds to a definition. */
const ADDED = ["id", "source", "overrides", "deleted", "camera", "question"];

/** Milliseconds without a key until the words of a question are checked. */
const CHECK_AFTER = 500;

const get = (definition, name) => definition[name] ?? definition[name[0].toLowerCase() + name.slice(1)];

function seconds(text) {
  const match = /^(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(text ?? "00:00:02");
  return match ? Number(match[1] ?? 0) * 86400 + Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4]) : 2;
}

function timeText(value) {
  const pad = it => String(it).padStart(2, "0");
  const whole = Math.floor(value);
  const fraction = Math.round((value - whole) * 1000);
  const days = Math.floor(whole / 86400);
  return `${days ? `${days}.` : ""}${pad(Math.floor(whole / 3600) % 24)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}${fraction ? `.${String(fraction).padStart(3, "0")}` : ""}`;
}

export function editorView(main, [camera, action, id]) {
  const isNew = action === "new";
  const heading = h("h1", { tabIndex: -1 }, isNew ? `New question for ${camera}` : `Question ${id} of ${camera}`);
  main.replaceChildren(heading, h("p.working", null, "Loading ..."));
  let isOpen = true;
  show();
  return { title: isNew ? "New question" : id, focus: heading, stop: () => { isOpen = false; } };

  async function show() {
    try {
      if (!features.questions) throw new Error("This service cannot change questions.");
      const list = isNew ? [] : await api.get(`cameras/${path(camera)}/questions`);
      const found = isNew ? { Ask: "", Answer: "YesNo" } : list.find(it => it.id === id);
      if (!found) throw new Error(`The camera '${camera}' has no question '${id}'.`);
      if (isOpen) main.replaceChildren(heading, editor(camera, id, isNew, found));
    } catch (error) {
      if (isOpen) main.replaceChildren(heading, h("p.error", { role: "alert" }, error.message));
    }
  }
}

function editor(camera, id, isNew, found) {
  const name = h("input", { type: "text", required: true, maxLength: 64, pattern: "[A-Za-z0-9_\\-]+", value: id ?? "", disabled: !isNew, autocomplete: "off" });
  const ask = h("textarea", { rows: 2, required: true, maxLength: 1000, value: get(found, "Ask") ?? "" });
  const type = typeSelect(get(found, "Answer"), [["Json", "An object of fields"]]);
  const choices = h("textarea", { rows: 3, value: (get(found, "Choices") ?? []).join("\n") });
  const every = h("input", { type: "number", min: 0, max: 604800, step: "any", value: seconds(get(found, "Every")) });
  const score = (key, value) => h("input", { type: "number", min: 0, max: 1, step: 0.01, value: get(found, key) ?? value });
  const [yes, no, least] = [score("YesAbove", 0.6), score("NoBelow", 0.4), score("MinScore", 0)];
  const rest = Object.fromEntries(Object.entries(found).filter(([key]) => !OWN.some(own => own.toLowerCase() === key.toLowerCase()) && !ADDED.includes(key)));
  const other = h("textarea.code", { rows: 6, spellcheck: false, value: JSON.stringify(rest, null, 2) });
  const choiceField = field("Choices", choices, "One per line, two or more.");
  const yesNoFields = h("div.pair", null, field("Yes from", yes, "At this score or above, 0 to 1."), field("No up to", no, "At this score or below."));
  const leastField = field("Least score", least, "Of the most likely choice, 0 to 1.");
  const region = regionEditor(store.cameras.get(camera), get(found, "Region") ?? "", get(found, "Mask") ?? []);
  const message = h("div", { "aria-live": "assertive" });
  const result = h("div.result", { "aria-live": "polite" });
  const tryIt = h("button", { type: "button" }, "Try it on the current frame");
  const save = h("button.primary", { type: "submit" }, isNew ? "Create" : "Save");
  const address = question => `cameras/${path(camera)}/questions/${path(question)}`;

  const arrange = () => {
    choiceField.hidden = leastField.hidden = type.value !== "Choice";
    yesNoFields.hidden = type.value !== "YesNo";
    tryIt.disabled = type.value === "Json";
  };
  type.addEventListener("change", arrange);
  arrange();

  const warnings = h("div", { "aria-live": "polite" });
  let checked = 0;
  let waiting;
  async function check() {
    const number = ++checked;
    try {
      const found = ask.value.trim() ? (await api.send("POST", "questions/check", { ask: ask.value })).warnings : [];
      if (number === checked) warnings.replaceChildren(...found.map(it => h("p.caution", null, it.message)));
    } catch {
      // A check that fails says nothing about the question; saving reports what is wrong with the service.
      if (number === checked) warnings.replaceChildren();
    }
  }
  if (features.questionCheck) {
    ask.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(check, CHECK_AFTER);
    });
    check();
  }

  const fail = error => message.replaceChildren(h("p.error", { role: "alert" }, error.message));

  function definition() {
    let more;
    try {
      more = JSON.parse(other.value || "{}");
    } catch (error) {
      throw new Error(`The other settings are not JSON: ${error.message}`);
    }
    const result = { ...more, Ask: ask.value, Answer: type.value, Every: timeText(Number(every.value)) };
    if (type.value === "Choice") Object.assign(result, { Choices: lines(choices.value), MinScore: Number(least.value) });
    if (type.value === "YesNo") Object.assign(result, { YesAbove: Number(yes.value), NoBelow: Number(no.value) });
    return Object.assign(result, region.value());
  }

  async function act(work, done, to = `#/camera/${path(camera)}`) {
    message.replaceChildren();
    save.disabled = true;
    try {
      await work();
      await load().catch(() => {});
      toast(done);
      location.hash = to;
    } catch (error) {
      fail(error);
    } finally {
      save.disabled = false;
    }
  }

  tryIt.addEventListener("click", async () => {
    tryIt.disabled = true;
    result.replaceChildren(h("p.working", null, "Asking ..."));
    try {
      const shapes = region.value();
      const question = { ask: ask.value, answer: type.value };
      if (type.value === "Choice") question.choices = lines(choices.value);
      if (shapes.Region) question.region = shapes.Region;
      if (shapes.Mask) question.mask = shapes.Mask;
      const [answer] = (await api.send("POST", `cameras/${path(camera)}/ask`, { questions: [question] })).answers;
      result.replaceChildren(answerCard(answer, h("p", null, judged(answer))));
    } catch (error) {
      result.replaceChildren(h("p.error", { role: "alert" }, error.message));
    } finally {
      arrange();
    }
  });

  function judged(answer) {
    if (type.value !== "YesNo" || typeof answer.score !== "number") return "";
    const word = answer.score >= Number(yes.value) ? "yes" : answer.score <= Number(no.value) ? "no" : "unclear";
    return `With these thresholds, ${percent(answer.score)} is ${word}.`;
  }

  const isOverlay = found.source === "overlay";
  return h("form.split.editor", {
    onsubmit(event) {
      event.preventDefault();
      act(() => api.send("PUT", address(name.value), definition()), `${name.value} is saved and asked from now on.`);
    },
  },
  h("div.side.card", null,
    isNew ? field("Name", name, "Letters, digits, - and _. It is part of the MQTT topics.") : null,
    field("Question", ask, "Worded as for a person."), warnings,
    h("div.pair", null, field("Answer", type), field("Every (seconds)", every, "0 asks about every frame.")),
    choiceField, leastField, yesNoFields,
    h("details", null, h("summary", null, "Other settings"), field("JSON", other, "The keys of a question in the configuration file, for example Agree, HoldFor, Events, Schedule, When.")),
    message,
    h("div.actions", null, save,
      h("a.button", { href: `#/camera/${path(camera)}` }, "Cancel"),
      isNew ? null : h("button.danger", { type: "button", onclick: () => confirm(`Delete the question ${id}?`) && act(() => api.send("DELETE", address(id)), `${id} is deleted.`) }, "Delete"),
      isOverlay && found.overrides && features.reset ? h("button", { type: "button", onclick: () => act(() => api.send("POST", `${address(id)}/reset`), `${id} is again as the configuration file has it.`) }, "Back to the file's") : null)),
  h("div", null,
    h("section.card", { "aria-labelledby": "region-title" }, h("h2", { id: "region-title" }, "Region and masks"), region.element),
    h("section.card", { "aria-labelledby": "try-title" }, h("h2", { id: "try-title" }, "Preview"), h("div.actions", null, tryIt), result)));
}

function regionEditor(camera, regionText, maskTexts) {
  const shapes = [{ kind: "region", text: regionText }, ...maskTexts.map(text => ({ kind: "mask", text }))];
  let active = 0;
  const image = h("img", { alt: `Picture of ${camera?.id ?? "the camera"} to draw on` });
  const canvas = shapeCanvas({
    image,
    changed(index, corners) {
      shapes[index].text = corners.length ? formatShape(corners) : "";
      fields.children[index].querySelector("input").value = shapes[index].text;
    },
  });
  const picker = h("div.actions", { role: "group", "aria-label": "Shape to draw" });
  const fields = h("div");
  const nameOf = i => i === 0 ? "Region" : `Mask ${i}`;
  const redraw = () => canvas.show(shapes.map(({ kind, text }) => ({ kind, corners: parseShape(text) })), active);

  const arrange = () => {
    picker.replaceChildren(
      ...shapes.map((_, i) => h("button", { type: "button", "aria-pressed": String(i === active), onclick() { active = i; arrange(); } }, nameOf(i))),
      h("button", { type: "button", onclick() { shapes.push({ kind: "mask", text: "" }); active = shapes.length - 1; arrange(); } }, "Add a mask"),
      h("button", { type: "button", onclick() { if (active === 0) shapes[0].text = ""; else shapes.splice(active--, 1); arrange(); } }, active === 0 ? "Clear the region" : `Remove mask ${active}`));
    fields.replaceChildren(...shapes.map((shape, i) => {
      const input = h("input", { type: "text", value: shape.text, placeholder: i === 0 ? "the whole picture" : "0,0 0.5,0 0.5,0.5 0,0.5", autocomplete: "off", onfocus() { if (active !== i) { active = i; redraw(); for (const [k, button] of [...picker.children].entries()) button.setAttribute("aria-pressed", String(k === i)); } } });
      input.addEventListener("input", () => {
        shape.text = input.value.trim();
        input.setCustomValidity(shape.text && !parseShape(shape.text) ? "Three or more corners, each x,y of 0 to 1." : "");
        redraw();
      });
      return field(nameOf(i), input);
    }));
    redraw();
  };
  arrange();

  const snapshot = camera ? cameraPicture(camera, { onload(loaded) { if (!image.src) image.src = loaded.src; } }) : null;
  if (camera?.picture.url) image.src = camera.picture.url;
  if (snapshot) snapshot.hidden = true;
  const element = h("div", null, h("p.hint", null, "Drag to draw a rectangle, click to add a corner, drag a corner to move it. The model sees the region only; masks are painted over. A region of its own costs one more run of the encoder."), picker, canvas, snapshot, fields);
  return {
    element,
    value() {
      for (const [i, { text }] of shapes.entries()) {
        if (text && !parseShape(text)) throw new Error(`${nameOf(i)} is not a polygon: three or more corners, each x,y of 0 to 1.`);
      }
      const masks = shapes.slice(1).map(({ text }) => text).filter(text => text);
      return { ...(shapes[0].text ? { Region: shapes[0].text } : {}), ...(masks.length ? { Mask: masks } : {}) };
    },
  };
}
