// Asks other wordings about stored frames, and shows what they would have done, before one is saved.

import { api, ApiError, features, path } from "./api.js";
import { lines, typeSelect } from "./ask.js";
import { clock, field, h, milliseconds, percent, spanText, toast } from "./dom.js";
import { reasonSentence } from "./question.js";
import { scoreHistogram } from "./scores.js";
import { load, store } from "./store.js";
import { count, definitionOf, saveQuestion, settled } from "./threshold.js";

const HOUR = 3600000;
const MAX_WORDINGS = 8;
const POLL_MS = 1000;
const SHOWN_FRAMES = 48;

const relative = address => address.replace(/^\//, "");

/** A time as an input of the browser writes it, in local time. */
const localText = moment => new Date(moment - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 16);

export function tryOutView(main, [camera, question]) {
  const heading = h("h1", { tabIndex: -1 }, "Try other wordings");
  const output = h("div.stack");
  let current = null;
  const open = id => {
    current?.stop();
    current = tryOutResult(output, id, question);
  };
  const intro = h("p.hint", null, "The service asks each wording about stored frames and applies the rules of states to the answers. The questions of the cameras go first, so it may take a while.");
  if (!store.keepsHistory) {
    main.replaceChildren(heading, h("p.empty", null, "This service stores no frames. Set History:Folder in its configuration."));
    return { title: "Try out", focus: heading, stop() {} };
  }
  main.replaceChildren(h("div.title", null, heading, camera ? h("a", { href: `#/camera/${path(camera)}` }, camera) : null), intro, h("div.split", null, tryOutForm(camera, question, open), output));
  api.get("tryouts").then(({ tryouts }) => {
    const last = tryouts.find(it => it.state === "running") ?? tryouts.find(it => it.camera === camera);
    if (last && !current) open(last.id);
  }).catch(() => {});
  return { title: "Try out", focus: heading, stop: () => current?.stop() };
}

function tryOutForm(camera, question, started) {
  const pick = h("select", null, [...store.cameras.keys()].map(id => h("option", { value: id, selected: id === camera }, id)));
  const now = new Date();
  const [from, to] = [new Date(now - 24 * HOUR), now].map(it => h("input", { type: "datetime-local", required: true, value: localText(it) }));
  const frames = h("input", { type: "number", min: 1, max: 500, value: 200, required: true });
  const list = h("div.stack");
  const message = h("div", { "aria-live": "assertive" });
  const start = h("button.primary", { type: "submit", disabled: !store.mayChange }, "Start");
  const add = h("button", { type: "button", onclick: () => addWording(null) }, "Add a wording");
  const wordings = [];
  const standing = () => [...(store.cameras.get(pick.value)?.questions.values() ?? [])].filter(it => it.answer !== "Json");

  function addWording(base) {
    const wording = wordingFields(standing(), base, () => {
      wordings.splice(wordings.indexOf(wording), 1);
      arrange();
    });
    wordings.push(wording);
    arrange();
  }

  function arrange() {
    list.replaceChildren(...wordings.map((it, i) => {
      it.number(i + 1, wordings.length > 1);
      return it.element;
    }));
    add.disabled = wordings.length >= MAX_WORDINGS;
  }

  const reset = () => {
    wordings.length = 0;
    const base = standing().find(it => it.id === question) ?? standing()[0];
    if (base) addWording(base);
    addWording(null);
    if (base) wordings[1].ask(base.ask, base.answer);
  };
  pick.addEventListener("change", reset);
  reset();
  const last = hours => h("button", {
    type: "button",
    onclick() {
      to.value = localText(new Date());
      from.value = localText(new Date(Date.now() - hours * HOUR));
    },
  }, hours === 168 ? "Last 7 days" : hours === 1 ? "Last hour" : `Last ${hours} hours`);
  return h("form.card", {
    async onsubmit(event) {
      event.preventDefault();
      start.disabled = true;
      message.replaceChildren();
      try {
        const job = await api.send("POST", "tryouts", {
          camera: pick.value, from: new Date(from.value).toISOString(), to: new Date(Date.parse(to.value) + 60000).toISOString(), frames: Number(frames.value), wordings: wordings.map(it => it.value()),
        });
        started(job.id);
      } catch (error) {
        message.replaceChildren(h("p.error", { role: "alert" }, error.message));
      } finally {
        start.disabled = false;
      }
    },
  },
  field("Camera", pick),
  h("div.pair", null, field("From", from), field("To", to)),
  h("div.actions.spaced", null, last(1), last(24), last(168)),
  field("Frames", frames, "At most 500, spread evenly over the time."),
  list, h("div.actions.spaced", null, add), message, h("div.actions", null, start));
}

/** The fields of one wording. */
function wordingFields(standing, base, remove) {
  const from = h("select", null, h("option", { value: "" }, "A new question"), standing.map(it => h("option", { value: it.id, selected: it === base }, it.id)));
  const ask = h("textarea", { rows: 2, maxLength: 1000 });
  const type = typeSelect();
  const choices = h("textarea", { rows: 3 });
  const region = h("input", { type: "text", placeholder: "the whole picture", autocomplete: "off" });
  const title = h("legend");
  const out = h("button", { type: "button", onclick: remove }, "Remove");
  const choiceField = field("Choices", choices, "One per line, two or more.");
  const own = h("div", null, field("Question", ask), field("Answer", type), choiceField,
    h("details", null, h("summary", null, "Region"), field("Corners", region, "Each x,y of 0 to 1, as in the editor of a question.")));
  const arrange = () => {
    own.hidden = from.value !== "";
    ask.required = from.value === "";
    choiceField.hidden = type.value !== "Choice";
  };
  from.addEventListener("change", arrange);
  type.addEventListener("change", arrange);
  arrange();
  return {
    element: h("fieldset.wording", null, title, field("Start from", from, "A question of the camera as it is, or one of your own."), own, out),
    number(number, canBeRemoved) {
      title.textContent = `Wording ${number}`;
      out.hidden = !canBeRemoved;
    },
    ask(text, answer) {
      ask.value = text;
      if ([...type.options].some(it => it.value === answer)) type.value = answer;
      arrange();
    },
    value() {
      if (from.value) return { question: from.value };
      const wording = { ask: ask.value, answer: type.value };
      if (type.value === "Choice") wording.choices = lines(choices.value);
      if (region.value.trim()) wording.region = region.value.trim();
      return wording;
    },
  };
}

/** Follows a try-out and shows one of its wordings. */
function tryOutResult(element, id, question) {
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress" });
  const words = h("p", { role: "status" }, "Loading ...");
  const cancel = h("button", { type: "button" }, "Cancel");
  const tabs = h("div.actions", { role: "group", "aria-label": "Wording" });
  const histogram = h("div");
  const counts = h("p", { role: "status" });
  const saving = h("div");
  const list = h("div.found");
  const body = h("div.card.stack", { hidden: true }, tabs, histogram, counts, saving, h("h2", null, "Frames, highest score first"), list);
  element.replaceChildren(h("div.card.stack", null, words, bar, h("div.actions", null, cancel)), body);
  let [shown, chosen, timer, isStopped, round, drawn] = [0, {}, null, false, 0, ""];

  const query = () => [`wording=${shown}`, ...Object.entries(chosen).map(([key, value]) => `${key}=${value}`)].join("&");
  const refresh = async () => {
    clearTimeout(timer);
    const number = ++round;
    try {
      const job = await api.get(`tryouts/${id}?${query()}`);
      if (isStopped || number !== round) return;
      show(job);
      if (job.state === "running") timer = setTimeout(refresh, POLL_MS);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      words.textContent = error.message;
      if (error.status === 0 && !isStopped) timer = setTimeout(refresh, 5 * POLL_MS);
    }
  };
  const later = settled(refresh);

  cancel.addEventListener("click", async () => {
    try {
      await api.send("DELETE", `tryouts/${id}`);
      refresh();
    } catch (error) {
      toast(error.message, true);
    }
  });

  function show(job) {
    bar.max = job.frames;
    bar.value = job.done;
    const isRunning = job.state === "running";
    bar.hidden = cancel.hidden = !isRunning;
    const skipped = job.skipped ? ` ${job.skipped} could not be read.` : "";
    words.textContent = isRunning
      ? `${job.done} of ${count(job.frames, "frame")} asked${job.remainingMs === null ? "" : `, about ${milliseconds(job.remainingMs)} left`}.${skipped}`
      : { done: `${count(job.frames, "frame")} of ${job.storedFrames} stored ones asked in ${milliseconds(job.elapsedMs)}.${skipped}`, cancelled: `Cancelled after ${job.done} of ${count(job.frames, "frame")}.`, failed: `Failed after ${job.done} of ${count(job.frames, "frame")}: ${job.reason}.` }[job.state];
    words.textContent += ` ${job.camera}, ${spanText(job.from, job.to)}.`;
    body.hidden = !job.wording.answers;
    tabs.replaceChildren(...job.wordings.map((it, i) => h("button", {
      type: "button", "aria-pressed": String(i === shown),
      onclick() {
        if (i === shown) return;
        [shown, chosen, drawn] = [i, {}, ""];
        refresh();
      },
    }, it.question && it.ask === store.cameras.get(job.camera)?.questions.get(it.question)?.ask ? it.question : it.ask)));
    const { outcome, unclear, answers } = job.wording;
    counts.textContent = `${count(outcome.changes, "change")} of the state and ${count(outcome.events, "alarm")}${outcome.yesAbove !== null ? ` with yes from ${percent(outcome.yesAbove)} and no up to ${percent(outcome.noBelow)}` : ""}. ${unclear} of ${count(answers, "answer")} unclear.`;
    const key = `${shown} ${job.done} ${job.state}`;
    if (key !== drawn) {
      drawn = key;
      drawHistogram(job, outcome);
      list.replaceChildren(...frameCards(job.wording.frames));
      if (!isRunning) drawSaving(job);
    }
  }

  function drawHistogram(job, outcome) {
    // A line that is dragged must not be replaced under the pointer.
    if (histogram.contains(document.activeElement) && histogram.firstChild?.update) {
      histogram.firstChild.update(job.wording.histogram);
      return;
    }
    histogram.replaceChildren();
    if (job.wording.histogram.length) {
      histogram.append(scoreHistogram(job.wording.histogram, outcome, thresholds => {
        chosen = thresholds;
        later();
      }));
    }
  }

  function drawSaving(job) {
    saving.replaceChildren();
    const wording = job.wordings[shown];
    if (!store.mayChange || !features.questions || job.state === "failed") return;
    const name = h("input", { type: "text", required: true, maxLength: 64, pattern: "[A-Za-z0-9_\\-]+", value: wording.question ?? question ?? "", autocomplete: "off" });
    saving.append(h("form.actions", {
      async onsubmit(event) {
        event.preventDefault();
        try {
          const known = await definitionOf(job.camera, name.value);
          const changes = { Ask: wording.ask, Answer: wording.answer };
          changes.Choices = wording.choices.length ? wording.choices : null;
          changes.Region = wording.region;
          changes.Mask = wording.mask.length ? wording.mask : null;
          const { yesAbove, noBelow, minScore } = job.wording.outcome;
          if (wording.answer === "YesNo") Object.assign(changes, { YesAbove: chosen.yesAbove ?? yesAbove, NoBelow: chosen.noBelow ?? noBelow });
          if (wording.answer === "Choice") changes.MinScore = chosen.minScore ?? minScore;
          await saveQuestion(job.camera, name.value, known, changes);
          await load().catch(() => {});
          toast(`${name.value} is asked like this from now on.`);
        } catch (error) {
          toast(error.message, true);
        }
      },
    }, field("Save as", name, "The name of a question of the camera, which is replaced, or a new one."), h("button.primary", { type: "submit" }, "Save")));
  }

  refresh();
  return { stop() { isStopped = true; clearTimeout(timer); } };
}

function frameCards(frames) {
  let some = SHOWN_FRAMES;
  const card = it => h("figure.find", null,
    h("a", { href: relative(it.snapshot), target: "_blank", rel: "noopener" }, h("img", { src: relative(it.snapshot), alt: `Picture of ${clock(it.at)}`, loading: "lazy" })),
    h("figcaption", null, h("strong", null, it.score === null ? it.value ?? "unclear" : percent(it.score)), it.score !== null ? ` ${it.value ?? "unclear"}` : "", h("br"), clock(it.at), it.reason && it.reason !== "uncertain" ? h("span.why", null, ` ${reasonSentence(it.reason)}`) : null));
  const more = h("button", { type: "button", hidden: frames.length <= some }, "Show more");
  more.addEventListener("click", () => {
    more.before(...frames.slice(some, some + SHOWN_FRAMES).map(card));
    some += SHOWN_FRAMES;
    more.hidden = some >= frames.length;
  });
  return [...frames.slice(0, some).map(card), more];
}
