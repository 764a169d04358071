// One camera: its newest frame, all of its questions with the scores of the last hour, and a box to ask.

import { api, features, has, path } from "./api.js";
import { askBox } from "./ask.js";
import { historyChart, latencyBar } from "./chart.js";
import { age, clock, h, percent, setText, toast } from "./dom.js";
import { canLabel, labelsHash } from "./labels.js";
import { cameraPicture, pictureAge } from "./live.js";
import { driftText, enabledSwitch, isWritten, reasonText, scorerText, snoozeControl, statePill, writtenAnswer } from "./question.js";
import { emit, follow, load, loadHistory, store } from "./store.js";
import { whyHash } from "./why.js";

const CHART_MS = 2000;

function questionCard(camera, question) {
  const pill = statePill();
  const text = h("h3");
  const why = h("p.why");
  const drift = h("p.why.drift");
  const score = h("dd");
  const scorer = h("dd");
  const scorerRow = h("div", { "data-fact": "scorer" }, h("dt", null, "Scored by"), scorer);
  const when = age(question.answeredAt);
  const since = h("dd");
  const written = writtenAnswer();
  const chart = historyChart(question.ask);
  const latency = latencyBar();
  const toggle = enabledSwitch(question);
  const snooze = snoozeControl(question);
  const edit = features.questions && store.mayChange
    ? h("a.button", { href: `#/camera/${path(camera.id)}/edit/${path(question.id)}` }, "Edit")
    : null;
  const hasChart = !isWritten(question);
  let drawnAt = 0;
  const card = h("article.card.question", { "data-question": question.id },
    h("div.first", null, text, pill), written, why, drift,
    h("dl.facts", null,
      h("div", null, h("dt", null, "Name"), h("dd", null, question.id)),
      hasChart ? h("div", null, h("dt", null, "Score"), score) : null, scorerRow,
      h("div", null, h("dt", null, "Answered"), h("dd", null, when)),
      h("div", null, h("dt", null, "State since"), since)),
    hasChart ? chart : null, latency,
    h("div.actions", null, toggle, snooze, store.keepsHistory ? h("a.button", { href: `#/history/${path(camera.id)}/${path(question.id)}` }, "History") : null,
      ["YesNo", "Choice"].includes(question.answer) && has("POST", "why") ? h("a.button", { href: whyHash(camera.id, question.id) }, "Why") : null,
      canLabel(question) ? h("a.button", { href: labelsHash(camera.id, question.id) }, "Labels") : null, edit));
  card.update = (now, isForced) => {
    setText(text, now.ask);
    pill.update(now);
    setText(score, percent(now.score) || "none");
    setText(scorer, scorerText(now.scoredBy));
    scorerRow.hidden = !now.scoredBy;
    when.set(now.answeredAt);
    setText(since, now.since ? clock(now.since) : "unknown");
    const reason = reasonText(now);
    setText(why, reason);
    why.hidden = !reason;
    setText(drift, driftText(now));
    drift.hidden = now.taughtDrift?.state !== "drifted";
    written.update(now);
    toggle.update(now);
    snooze?.update(now);
    if (isForced || Date.now() - drawnAt > CHART_MS) {
      drawnAt = Date.now();
      if (hasChart) chart.update(now);
      latency.update(now);
    }
  };
  card.update(question, true);
  return card;
}

/** Questions of the configuration file that were deleted here, each with a button to bring it back. */
function deletedQuestions(camera) {
  const element = h("section.card", { "aria-label": "Deleted questions", hidden: true });
  element.refresh = async () => {
    if (!features.questions || !features.reset || !store.mayChange) return;
    const deleted = (await api.get(`cameras/${path(camera)}/questions`)).filter(it => it.deleted);
    element.hidden = !deleted.length;
    element.replaceChildren(h("h2", null, "Deleted here"), ...deleted.map(it => h("div.first", null, h("span", null, it.Ask ? `${it.id}: ${it.Ask}` : it.id), h("button", {
      type: "button",
      async onclick() {
        try {
          await api.send("POST", `cameras/${path(camera)}/questions/${path(it.id)}/reset`);
          await load();
          toast(`${it.id} is again as the configuration file has it.`);
        } catch (error) {
          toast(error.message, true);
        }
      },
    }, "Bring back"))));
  };
  return element;
}

const gone = id => `There is no camera '${id}'. It may have been taken out of the configuration.`;

export function cameraView(main, [id]) {
  const camera = store.cameras.get(id);
  const heading = h("h1", { tabIndex: -1 }, id);
  if (!camera) {
    const text = h("p.empty");
    const explain = () => setText(text, store.connection === "open" ? gone(id) : "Waiting for the cameras ...");
    explain();
    main.replaceChildren(heading, text);
    return { title: id, focus: heading, stop: follow(() => store.cameras.has(id) ? emit("show") : explain()) };
  }

  const picture = cameraPicture(camera);
  const seen = age(camera.seenAt, pictureAge);
  const online = h("span.online");
  const list = h("div.questions");
  const deleted = deletedQuestions(id);
  let cards = new Map();
  const build = () => {
    const current = store.cameras.get(id);
    cards = new Map([...current?.questions.values() ?? []].map(question => [question.id, questionCard(current, question)]));
    list.replaceChildren(...cards.values());
    if (!cards.size) list.replaceChildren(h("p.empty", null, current ? "This camera has no questions." : gone(id)));
    deleted.refresh().catch(() => {});
  };
  const update = (only, isForced) => {
    const current = store.cameras.get(id);
    if (!current) {
      setText(online, "removed");
      online.classList.add("bad");
      return;
    }
    seen.set(current.seenAt);
    setText(online, current.online ? "online" : "offline");
    online.classList.toggle("bad", !current.online);
    for (const [name, card] of cards) {
      if (only === undefined || only === name) card.update(current.questions.get(name), isForced);
    }
  };
  build();
  main.replaceChildren(
    h("div.title", null, heading, online),
    h("div.split", null,
      h("div.side.stays", null,
        h("div.card.flush", null, h("div.frame", null, picture, h("span.stamp", null, seen))),
        h("section.card", { "aria-labelledby": "ask-title" }, h("h2", { id: "ask-title" }, "Ask about this camera"), askBox({ camera: id }))),
      h("section", { "aria-labelledby": "questions-title" },
        h("div.title", null, h("h2", { id: "questions-title" }, "Questions"),
          features.questions && store.mayChange ? h("a.button", { href: `#/camera/${path(id)}/new` }, "New question") : null),
        list, deleted)));
  // Once more, because charts have a width only now.
  update(undefined, true);
  loadHistory(camera, 60).catch(() => {});
  const stop = follow((kind, detail) => {
    if (kind === "cameras") {
      build();
      update();
    } else if (kind === "resync") {
      update();
      picture.refresh();
      const current = store.cameras.get(id);
      if (current) loadHistory(current, 60).catch(() => {});
    } else if (kind === "refreshed") update();
    else if (detail.camera === id) {
      update(detail.question, kind === "history");
      if (kind === "answer" || kind === "camera") picture.refresh();
    }
  });
  return { title: id, focus: heading, stop };
}
