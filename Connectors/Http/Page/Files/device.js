// The device: model and kernels, the machine, the broker and its outbox, and the end of the log.

import { api } from "./api.js";
import { bytes, clock, duration, h, milliseconds, setText } from "./dom.js";
import { follow, store } from "./store.js";

const REFRESH_MS = 3000;
const MAX_LINES = 500;
const HOST_STATES = {
  up: { text: "up", kind: "yes" },
  unreachable: { text: "unreachable", kind: "bad" },
  otherModel: { text: "other model", kind: "unknown", why: "It is not used. Give all hosts the same model folder." },
  otherVersion: { text: "other version", kind: "unknown", why: "It is not used. Upgrade the older host." },
};
const STORAGE_STATES = { disk: "on disk", memory: "in memory only: the disk cannot be used", hanging: "the disk does not answer", off: "in memory; no folder is configured" };

function panel(title) {
  const list = h("dl.facts");
  const rows = new Map();
  const element = h("section.card", { "aria-label": title }, h("h2", null, title), list);
  element.set = facts => {
    for (const [name, value] of Object.entries(facts)) {
      if (value === null || value === undefined) {
        rows.get(name)?.parentElement.remove();
        rows.delete(name);
        continue;
      }
      if (!rows.has(name)) {
        const row = h("dd");
        rows.set(name, row);
        list.append(h("div", null, h("dt", null, name), row));
      }
      setText(rows.get(name), String(value));
    }
  };
  return element;
}

/** How much the engine may work, and why. */
function paceOf(pace) {
  if (!pace) return null;
  const why = { temperature: "the board is too hot", quietHours: "quiet hours" }[pace.reason];
  const heat = pace.maxTemperature === undefined ? "" : pace.temperature === undefined ? "; no temperature can be read" : `; ${pace.sensor} ${pace.temperature.toFixed(0)} of at most ${pace.maxTemperature} °C`;
  return `${why ? `works at most ${Math.round(pace.factor * 100)} % of the time: ${why}` : "not limited now"}; worked ${Math.round(pace.busyShare * 100)} % of the last minute${heat}`;
}

/** What a host and this one did for each other. */
function workOf(node) {
  const parts = [node.model && `model ${node.model}`];
  if (node.model || node.answered || node.lost || node.late) {
    parts.push(`${node.answered.toLocaleString()} frames answered`, node.lost && `${node.lost.toLocaleString()} lost`, node.late && `${node.late.toLocaleString()} too late`);
  }
  parts.push(node.served && `${node.served.toLocaleString()} of its frames answered here`);
  return parts.filter(it => it).join(", ") || "no frames exchanged yet";
}

function clusterPanel() {
  const self = h("dd");
  const list = h("ul.hosts");
  const rows = new Map();
  const element = h("section.card", { "aria-label": "Cluster", hidden: true }, h("h2", null, "Cluster"),
    h("dl.facts", null, h("div", null, h("dt", null, "This host"), self)), list);
  element.set = cluster => {
    element.hidden = !cluster;
    if (!cluster) return;
    setText(self, cluster.listen);
    for (const [host, node] of Object.entries(cluster.nodes).sort(([one], [other]) => one.localeCompare(other))) {
      if (!rows.has(host)) {
        const row = { pill: h("span.pill"), why: h("p.why"), work: h("p.hint") };
        rows.set(host, row);
        list.append(h("li", null, h("div.first", null, h("span.ask", null, host), row.pill), row.why, row.work));
      }
      const { pill, why, work } = rows.get(host);
      const state = HOST_STATES[node.state] ?? { text: node.state, kind: "unknown" };
      pill.className = `pill ${state.kind}`;
      setText(pill, state.text);
      why.hidden = !state.why;
      setText(why, state.why ?? "");
      setText(work, workOf(node));
    }
  };
  return element;
}

function logPanel() {
  const list = h("ol");
  const area = h("div.log", { tabIndex: 0, role: "region", "aria-label": "Lines of the log" }, list);
  const level = h("select", { "aria-label": "Lines to show" }, h("option", { value: "" }, "All lines"), h("option", { value: "problems" }, "Warnings and errors"));
  const element = h("section.card.wide", { "aria-label": "Log" }, h("div.title", null, h("h2", null, "Log"), level), area);
  let last = 0;
  level.addEventListener("change", () => area.classList.toggle("problems", level.value === "problems"));
  element.refresh = async isAnew => {
    if (isAnew) last = 0;
    const { lines } = await api.get(`log?after=${last}&limit=${MAX_LINES}`);
    if (last === 0) list.replaceChildren();
    if (!lines.length) return;
    const isAtEnd = area.scrollHeight - area.scrollTop - area.clientHeight < 40;
    list.append(...lines.map(line => h(`li.${line.level}`, null, h("time", { dateTime: line.at }, clock(line.at)), h("b", null, line.level), h("code", null, line.event), h("span", null, line.text))));
    while (list.children.length > MAX_LINES) list.firstChild.remove();
    last = lines.at(-1).id;
    if (isAtEnd) area.scrollTop = area.scrollHeight;
  };
  return element;
}

export function deviceView(main) {
  const heading = h("h1", { tabIndex: -1 }, "Device");
  const [model, machine, work, mqtt, outbox] = ["Model", "Machine", "Answers", "MQTT", "Outbox and state"].map(panel);
  const cluster = clusterPanel();
  const log = logPanel();
  const base = new URL(".", location.href).href.replace(/#.*$/, "");
  const chats = [
    h("div", null, h("dt", null, "OpenAI API"), h("dd", null, h("code", null, `${base}v1`))),
    h("div", null, h("dt", null, "Ollama API"), h("dd", null, h("code", null, base.replace(/\/$/, "")))),
  ];
  const noChats = h("p.hint", { hidden: true }, "Chats and texts need a host that has the model; use its address.");
  const connect = h("section.card", { "aria-label": "Programs" }, h("h2", null, "Programs"), noChats, h("dl.facts", null, chats,
    h("div", null, h("dt", null, "REST API"), h("dd", null, h("a", { href: "api/v1/openapi.json" }, "openapi.json"))),
    h("div", null, h("dt", null, "Metrics"), h("dd", null, h("a", { href: "metrics" }, "Prometheus")))));
  const failed = h("p.error", { hidden: true, role: "alert" });
  main.replaceChildren(heading, failed, h("div.grid.panels", null, model, machine, work, mqtt, outbox, cluster, connect), log);

  const showDevice = device => machine.set({
    Version: device.version,
    Load: device.load.length ? `${device.load.map(it => it.toFixed(2)).join(", ")} on ${device.processors} processors` : `${device.processors} processors`,
    Memory: device.memoryBytes ? `${bytes(device.availableMemoryBytes)} of ${bytes(device.memoryBytes)} free` : null,
    Temperature: device.temperatures.length ? device.temperatures.map(it => `${it.sensor} ${it.celsius.toFixed(0)} °C`).join(", ") : "no sensor",
  });
  const showStats = stats => {
    const sessions = Object.fromEntries(Object.entries(stats.sessions).map(([part, it]) => [
      part[0].toUpperCase() + part.slice(1),
      [it.provider.replace("ExecutionProvider", ""), it.nodesOnCpu && !it.provider.startsWith("CPU") ? `${it.nodesOnCpu} of ${it.nodes} nodes on the CPU` : null, it.int8Kernel, it.int8Advice, it.reason].filter(text => text).join("; "),
    ]));
    model.set({ Name: stats.model, Target: stats.target, ...sessions });
    cluster.set(stats.cluster);
    const isElsewhere = Boolean(stats.cluster) && !Object.keys(stats.sessions).length;
    noChats.hidden = !isElsewhere;
    chats.forEach(row => { row.hidden = isElsewhere; });
    machine.set({ Pace: paceOf(stats.pace), Service: `${bytes(stats.residentBytes)} in RAM, up for ${duration(stats.uptimeS * 1000)}` });
    work.set({
      Answers: stats.pipeline.answers.toLocaleString(),
      "Age of the last": stats.pipeline.lastAgeMs === null ? "none yet" : milliseconds(stats.pipeline.lastAgeMs),
      "Largest age": stats.pipeline.maxAgeMs === null ? "none yet" : milliseconds(stats.pipeline.maxAgeMs),
      "Engine restarts": stats.pipeline.restarts,
      "Questions asked once": `${stats.asks.answered} answered, ${stats.asks.received - stats.asks.answered} not`,
    });
    mqtt.set({
      Broker: stats.mqtt.configured === false ? "none is configured" : stats.mqtt.connected ? "connected" : "not connected",
      Published: stats.mqtt.published.toLocaleString(),
      "Not acknowledged": stats.mqtt.failed.toLocaleString(),
      Reconnects: stats.mqtt.reconnects,
    });
    outbox.set({
      "Events waiting": `${stats.mqtt.eventsWaiting} (${bytes(stats.mqtt.eventsWaitingBytes)})`,
      "Oldest of them": stats.mqtt.eventsWaitingSince ? clock(stats.mqtt.eventsWaitingSince) : null,
      Dropped: stats.mqtt.eventsDropped,
      Outbox: stats.storage.outboxReason ?? STORAGE_STATES[stats.storage.outbox] ?? stats.storage.outbox,
      States: stats.storage.stateReason ?? STORAGE_STATES[stats.storage.state] ?? stats.storage.state,
    });
  };

  let isOpen = true;
  let isAnew = true;
  const refresh = async () => {
    const results = await Promise.allSettled([api.get("device").then(showDevice), api.get("stats").then(showStats), log.refresh(isAnew)]);
    isAnew = false;
    const error = results.find(it => it.status === "rejected")?.reason;
    failed.hidden = !error || store.connection === "lost";
    if (error) failed.textContent = error.message;
  };
  const tick = async () => {
    if (!document.hidden) await refresh();
    if (isOpen) timer = setTimeout(tick, REFRESH_MS);
  };
  let timer;
  tick();
  const unfollow = follow(kind => { if (kind === "resync") isAnew = true; });
  return { title: "Device", focus: heading, stop() { isOpen = false; clearTimeout(timer); unfollow(); } };
}
