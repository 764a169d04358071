// The newest events: changes of states that are published.

import { api, path } from "./api.js";
import { clock, h, percent, toast } from "./dom.js";
import { eventHash } from "./history.js";
import { verdict } from "./labels.js";
import { follow, store } from "./store.js";

const MAX = 200;

/** The time of an event, which leads to the stored one. */
function timeOf(it) {
  const time = h("time", { dateTime: it.at ?? "" }, clock(it.at));
  return it.historyId ? h("a", { href: eventHash(it.historyId) }, time) : time;
}

export function eventsView(main, [cameraName, questionName] = []) {
  const heading = h("h1", { tabIndex: -1 }, "Events");
  const camera = h("select", { id: "event-camera" }, h("option", { value: "" }, "All cameras"), [...store.cameras.keys()].map(id => h("option", { value: id, selected: id === cameraName }, id)));
  const question = h("select", { id: "event-question" });
  const offerQuestions = wanted => {
    const all = [...store.cameras.values()].filter(it => !camera.value || it.id === camera.value).flatMap(it => [...it.questions.keys()]);
    question.replaceChildren(h("option", { value: "" }, "All questions"), ...[...new Set(all)].sort().map(id => h("option", { value: id, selected: id === wanted }, id)));
  };
  const body = h("tbody");
  const table = h("div.tablewrap", { tabIndex: 0, role: "region", "aria-label": "Events" }, h("table", null,
    h("thead", null, h("tr", null, ["Time", "Camera", "Question", "Change", "Score", "Text"].map(name => h("th", { scope: "col" }, name)))), body));
  const csv = h("a.button", { download: "events.csv" }, "CSV");
  const older = h("button", { type: "button", hidden: true }, "Older events");
  const empty = h("p.empty", null, store.keepsHistory ? "No events are stored. An event is a change of a state, for example from no to yes." : "No events since the service started. An event is a change of a state, for example from no to yes.");
  main.replaceChildren(h("div.title", null, heading, h("label", { htmlFor: "event-camera", className: "spoken" }, "Camera"), camera,
    h("label", { htmlFor: "event-question", className: "spoken" }, "Question"), question,
    store.keepsHistory ? csv : null), table, empty, older);
  let events = [];
  let cursor = null;

  const draw = () => {
    const shown = events.filter(it => (!camera.value || it.camera === camera.value) && (!question.value || it.question === question.value));
    body.replaceChildren(...shown.map(it => h("tr", null,
      h("td", null, timeOf(it)),
      h("td", null, h("a", { href: `#/camera/${path(it.camera)}` }, it.camera)),
      h("td", null, it.ask),
      h("td.change", null, `${it.from} → ${it.to}`),
      h("td.number", null, percent(it.score)),
      h("td", null, it.text, verdict(it)))));
    table.hidden = !shown.length;
    empty.hidden = shown.length > 0;
  };
  const fill = async () => {
    try {
      const page = await api.get(`events?limit=${MAX}${wanted()}`);
      events = page.events;
      turn(page);
    } catch (error) {
      empty.textContent = error.message;
    }
  };
  const wanted = () => !store.keepsHistory ? "" : `${camera.value ? `&camera=${path(camera.value)}` : ""}${question.value ? `&question=${path(question.value)}` : ""}`;
  const turn = page => {
    cursor = page.next ?? null;
    older.hidden = !cursor;
    draw();
  };
  older.addEventListener("click", async () => {
    try {
      const page = await api.get(`events?limit=${MAX}${wanted()}&cursor=${path(cursor)}`);
      events = [...events, ...page.events.filter(it => events.every(known => known.id !== it.id))];
      turn(page);
    } catch (error) {
      toast(error.message, true);
    }
  });
  // What is shown has an address, without a new entry in the browser's history.
  const choose = () => {
    const parts = camera.value ? [camera.value, question.value].filter(it => it) : [];
    history.replaceState(null, "", `#/${["events", ...parts].map(path).join("/")}`);
    csv.href = `api/v1/events?format=csv${wanted()}`;
    if (store.keepsHistory) fill();
    else draw();
  };
  camera.addEventListener("change", () => {
    offerQuestions(question.value);
    choose();
  });
  question.addEventListener("change", choose);
  offerQuestions(questionName);
  csv.href = `api/v1/events?format=csv${wanted()}`;
  draw();
  fill();
  const stop = follow((kind, { happened }) => {
    if (kind === "resync") fill();
    if (kind === "event") {
      events = [happened, ...events.filter(it => it.id !== happened.id)];
      if (!store.keepsHistory) events.length = Math.min(events.length, MAX);
      draw();
    }
  });
  return { title: "Events", focus: heading, stop };
}
