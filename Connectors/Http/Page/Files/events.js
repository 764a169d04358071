// The newest events: changes of states that are published.

import { api, path } from "./api.js";
import { clock, h, percent } from "./dom.js";
import { follow, store } from "./store.js";

const MAX = 200;

export function eventsView(main) {
  const heading = h("h1", { tabIndex: -1 }, "Events");
  const camera = h("select", { id: "event-camera" }, h("option", { value: "" }, "All cameras"), [...store.cameras.keys()].map(id => h("option", { value: id }, id)));
  const body = h("tbody");
  const table = h("div.tablewrap", { tabIndex: 0, role: "region", "aria-label": "Events" }, h("table", null,
    h("thead", null, h("tr", null, ["Time", "Camera", "Question", "Change", "Score", "Text"].map(name => h("th", { scope: "col" }, name)))), body));
  const empty = h("p.empty", null, "No events since the service started. An event is a change of a state, for example from no to yes.");
  main.replaceChildren(h("div.title", null, heading, h("label", { htmlFor: "event-camera", className: "spoken" }, "Camera"), camera), table, empty);
  let events = [];

  const draw = () => {
    const shown = events.filter(it => !camera.value || it.camera === camera.value);
    body.replaceChildren(...shown.map(it => h("tr", null,
      h("td", null, h("time", { dateTime: it.at ?? "" }, clock(it.at))),
      h("td", null, h("a", { href: `#/camera/${path(it.camera)}` }, it.camera)),
      h("td", null, it.ask),
      h("td.change", null, `${it.from} → ${it.to}`),
      h("td.number", null, percent(it.score)),
      h("td", null, it.text))));
    table.hidden = !shown.length;
    empty.hidden = shown.length > 0;
  };
  const fill = async () => {
    try {
      events = (await api.get(`events?limit=${MAX}`)).events;
      draw();
    } catch (error) {
      empty.textContent = error.message;
    }
  };
  camera.addEventListener("change", draw);
  draw();
  fill();
  const stop = follow((kind, { happened }) => {
    if (kind === "resync") fill();
    if (kind === "event") {
      events = [happened, ...events.filter(it => it.id !== happened.id)].slice(0, MAX);
      draw();
    }
  });
  return { title: "Events", focus: heading, stop };
}
