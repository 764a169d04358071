// Labels of a question: frames are shown one after the other, a key says what the right answer is, and the question is taught from it.

import { ApiError, api, has, path } from "./api.js";
import { clock, h, percent, setText, toast } from "./dom.js";
import { driftText } from "./question.js";
import { follow, store } from "./store.js";
import { expectedText } from "./whatif.js";

const POLL_MS = 1000;
const STATUS = {
  waiting: "Waits for another question ...",
  reading: "Reads the labelled pictures, while no standing question is due",
  learning: "Learns ...",
  cancelled: "Ended before there was a result.",
};
const WHY = { unsure: "near the threshold", high: "a high score", low: "a low score" };

export const labelsHash = (camera, question) => `#/labels/${path(camera)}/${path(question)}`;

const addressOf = (camera, question) => `cameras/${path(camera)}/questions/${path(question)}`;

/** A path of the service as an address relative to the page. */
const relative = address => address.replace(/^\//, "");

const questionOf = (camera, question) => store.cameras.get(camera)?.questions.get(question);

/** Whether a question has answers that can be labelled. */
export const canLabel = question => store.keepsHistory && (question?.answer === "YesNo" || question?.answer === "Choice");

/** Buttons that say whether an event of a yes/no question was right; null for other events. */
export function verdict(event) {
  const isYesNo = questionOf(event.camera, event.question)?.answer === "YesNo" && ["yes", "no"].includes(event.to);
  if (!store.keepsHistory || !store.mayChange || !isYesNo || !event.historyId) return null;
  const other = event.to === "yes" ? "no" : "yes";
  const button = (name, value, title) => h("button.verdict", {
    type: "button", title, "aria-pressed": "false",
    async onclick(click) {
      const pressed = click.currentTarget;
      try {
        await api.send("PUT", `${addressOf(event.camera, event.question)}/labels`, { event: event.historyId, label: value });
        for (const it of pressed.parentElement.children) it.setAttribute("aria-pressed", String(it === pressed));
        toast(`Labelled '${value}'.`);
      } catch (error) {
        toast(error.message, true);
      }
    },
  }, name);
  return h("span.verdicts", { role: "group", "aria-label": "Was this event right?" },
    button("Right", event.to, `The frame shows '${event.to}'`), button("Wrong", other, `The frame shows '${other}'`));
}

export function labelsView(main, [camera, question]) {
  const address = addressOf(camera, question);
  const heading = h("h1", { tabIndex: -1 }, `Labels of ${question ?? ""}`);
  const ask = h("h2");
  const image = h("img.still", { hidden: true });
  const about = h("p.hint", { role: "status" }, "Loading ...");
  const buttons = h("div.actions", { role: "group", "aria-label": "The right answer" });
  const counter = h("p.counts");
  const estimate = h("p", { role: "status" });
  const alarms = h("p.hint");
  const note = h("p.hint");
  const drift = h("p.why.drift", { hidden: true });
  const teach = h("button.primary", { type: "button", hidden: !store.mayChange }, "Teach");
  const cancel = h("button", { type: "button", hidden: true }, "Cancel");
  const versions = h("div");
  const list = h("div.labels");
  main.replaceChildren(
    h("div.title", null, heading, h("a", { href: `#/camera/${path(camera)}` }, camera)),
    h("div.split", null,
      h("section.card", { "aria-label": "A frame to label" }, ask, image, about, buttons),
      h("div.side", null,
        h("section.card", { "aria-labelledby": "teach-title" }, h("h2", { id: "teach-title" }, "What is learned"), drift, counter, estimate, alarms, note, h("div.actions", null, teach, cancel), versions),
        h("section.card", { "aria-labelledby": "labels-title" }, h("h2", { id: "labels-title" }, "Labels"), list))));

  let isStopped = false;
  let frames = [];
  let current = null;
  let known = null;
  let state = null;
  let isPolling = false;

  const tell = error => {
    if (!(error instanceof ApiError)) throw error;
    if (!isStopped) toast(error.message, true);
  };

  const show = () => {
    current = frames[0] ?? null;
    image.hidden = !current;
    for (const it of buttons.children) it.disabled = !current || !store.mayChange;
    if (!current) {
      setText(about, known ? "No frame is proposed now. The history stores one per minute, of each event and of unclear answers." : "Loading ...");
      return;
    }
    image.src = relative(current.path);
    image.alt = `Picture of ${clock(current.at)}`;
    setText(about, `${clock(current.at)}, score ${percent(current.score)} (${WHY[current.why] ?? current.why}); ${frames.length} ${frames.length === 1 ? "frame" : "frames"} proposed`);
  };

  const propose = async () => {
    try {
      frames = (await api.get(`${address}/labels/proposals`)).proposals;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      frames = [];
      show();
      setText(about, error.message);
      return;
    }
    if (!isStopped) show();
  };

  const next = async () => {
    frames.shift();
    if (frames.length) show();
    else await propose();
  };

  const label = async value => {
    if (!current || !store.mayChange) return;
    const frame = current;
    try {
      await api.send("PUT", `${address}/labels`, { snapshot: frame.snapshot, label: value });
    } catch (error) {
      tell(error);
      return;
    }
    if (frame === current) await next();
    await load();
  };

  const drawDrift = () => {
    setText(drift, driftText(questionOf(camera, question)));
    drift.hidden = !drift.textContent;
  };

  const drawState = () => {
    drawDrift();
    const result = state?.result;
    const isRunning = state && ["waiting", "reading", "learning"].includes(state.status);
    const least = Math.min(...Object.values(known?.counts ?? { none: 0 }));
    setText(estimate, result ? `About ${percent(result.estimate.accuracy)} right (90 % interval ${percent(result.estimate.low)} to ${percent(result.estimate.high)}); the model's own score: ${percent(result.plainAccuracy)}` : "");
    setText(note, isRunning ? `${STATUS[state.status]}${state.status === "reading" ? ` (${state.done} of ${state.total})` : ""}`
      : state?.reason ?? (least < 4 ? "Each answer needs at least 4 labels, better 16, from different times of the day." : STATUS[state?.status] ?? (result?.chosen === "plain" ? "Nothing that was learned answers better than the model's own score." : "")));
    teach.disabled = isRunning || least < 4;
    cancel.hidden = !isRunning || !state.teaching || !store.mayChange;
  };

  const poll = async () => {
    if (isPolling) return;
    isPolling = true;
    try {
      do {
        const before = state?.result?.at;
        state = await api.get(`${address}/teach`);
        if (isStopped) return;
        drawState();
        if (state.result?.at !== before) {
          drawLabels();
          await loadVersions();
        }
        if (["waiting", "reading", "learning"].includes(state.status)) await new Promise(done => setTimeout(done, POLL_MS));
      } while (!isStopped && ["waiting", "reading", "learning"].includes(state.status));
    } catch (error) {
      tell(error);
    } finally {
      isPolling = false;
    }
  };

  /** Of the alarms of the last day, as the question is scored now. */
  const loadAlarms = async () => {
    if (questionOf(camera, question)?.answer !== "YesNo" || !has("GET", "history/whatif")) return;
    const result = await api.get(`history/whatif?camera=${path(camera)}&question=${path(question)}`);
    if (!isStopped) setText(alarms, result.now.expected ? `In the last day: ${result.now.events} alarms.${expectedText(result)}` : "");
  };

  const loadVersions = async () => {
    // Too many answers, for example, are no reason to show nothing else.
    await loadAlarms().catch(error => { if (!(error instanceof ApiError)) throw error; });
    const taught = await api.get(`${address}/taught`);
    if (!isStopped) drawVersions(taught);
  };

  const drawVersions = taught => {
    const use = (version, name) => h("button", {
      type: "button", disabled: !store.mayChange,
      async onclick() {
        try {
          drawVersions(await api.send("PUT", `${address}/taught`, { version }));
          toast(version === null ? "The model's own score counts again." : `Version ${version} scores the question now.`);
        } catch (error) {
          tell(error);
        }
      },
    }, name);
    const row = (it, isUsed) => h("li.first", { "data-version": it.version }, h("span", null, h("b", null, `Version ${it.version}`),
      ` of ${clock(it.at)}, ${Object.entries(it.labels).map(([value, count]) => `${count} ${value}`).join(", ")}`,
      it.estimate ? `: about ${percent(it.estimate.accuracy)}` : ": cannot be read"), isUsed ? h("span.pill", null, "in use") : use(it.version, "Use"));
    versions.replaceChildren(...(taught.versions.length ? [h("h3", null, "Versions"), h("ul.versions", null,
      taught.versions.map(it => row(it, it.version === taught.used)),
      h("li.first", null, h("span", null, "The model's own score"), taught.file ? use(null, "Use") : h("span.pill", null, "in use")))] : []));
  };

  const drawLabels = () => {
    const suspects = new Set(state?.result?.suspects ?? []);
    const sorted = [...known.labels].reverse().sort((a, b) => suspects.has(b.labelId) - suspects.has(a.labelId));
    list.replaceChildren(...(sorted.length ? sorted.map(it => labelRow(it, suspects.has(it.labelId))) : [h("p.hint", null, "None yet.")]));
  };

  const labelRow = (it, isSuspect) => {
    const select = h("select", { "aria-label": `Label of ${it.at ? clock(it.at) : it.labelId}`, disabled: !store.mayChange },
      known.values.map(value => h("option", { value, selected: value === it.value }, value)), h("option", { value: "clear" }, "remove"));
    select.addEventListener("change", async () => {
      try {
        await api.send("PUT", `${address}/labels`, { labelId: it.labelId, label: select.value });
      } catch (error) {
        tell(error);
      }
      await load();
    });
    return h(isSuspect ? "div.labelled.suspect" : "div.labelled", { "data-label": it.labelId },
      h("img.thumb", { src: relative(it.picture), alt: "", loading: "lazy" }),
      h("span", null, it.at ? clock(it.at) : it.labelId, isSuspect ? h("small.why", null, "The other labels disagree with this one.") : null), select);
  };

  const load = async () => {
    try {
      known = await api.get(`${address}/labels`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(about, error.message);
      return;
    }
    if (isStopped) return;
    setText(ask, known.ask);
    setText(counter, Object.entries(known.counts).map(([value, count]) => `${count} ${value}`).join(", "));
    if (!buttons.children.length) {
      const keyOf = (value, i) => (known.values.join() === "yes,no" ? value[0] : i < 9 ? String(i + 1) : null);
      buttons.replaceChildren(
        ...known.values.map((value, i) => h("button", { type: "button", "data-key": keyOf(value, i), onclick: () => label(value).catch(tell) }, value, keyOf(value, i) ? h("kbd", null, keyOf(value, i).toUpperCase()) : null)),
        h("button", { type: "button", "data-key": "s", onclick: () => next().catch(tell) }, "Skip", h("kbd", null, "S")));
      show();
    }
    drawLabels();
    drawState();
    await poll();
  };

  teach.addEventListener("click", async () => {
    try {
      state = await api.send("POST", `${address}/teach`);
      drawState();
      await poll();
      if (!isStopped && state.status === "done") toast(state.result.version ? `Learned as version ${state.result.version}.` : "Learned.");
    } catch (error) {
      tell(error);
    }
  });
  cancel.addEventListener("click", () => api.send("DELETE", `${address}/teach`).catch(tell));
  const onKey = key => {
    if (key.ctrlKey || key.metaKey || key.altKey || ["INPUT", "SELECT", "TEXTAREA"].includes(key.target.tagName)) return;
    const button = [...buttons.children].find(it => it.dataset.key === key.key.toLowerCase());
    if (!button || button.disabled) return;
    key.preventDefault();
    button.click();
  };
  document.addEventListener("keydown", onKey);
  load().catch(tell);
  loadVersions().catch(tell);
  propose().catch(tell);
  const unfollow = follow(drawDrift);
  return {
    title: `Labels of ${question}`,
    focus: heading,
    stop() {
      isStopped = true;
      unfollow();
      document.removeEventListener("keydown", onKey);
    },
  };
}
