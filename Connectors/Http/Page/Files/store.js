// What the page knows of the cameras. It is loaded once and then kept up to date by one stream of events.

import { api, path } from "./api.js";
import { announce } from "./dom.js";

const POINT_MS = 2000;
const KEPT_MS = 3600000;
const SILENT_MS = 25000;
const HIDDEN_MS = 5000;

const listeners = new Set();

export const store = {
  cameras: new Map(),
  access: "none",
  tokenRequired: false,
  connection: "connecting",
  modes: null,
  keepsHistory: false,
  reason: null,
  get mayChange() { return this.access === "full"; },
};

/** Calls an action at each change until the returned function is called. */
export function follow(action) {
  listeners.add(action);
  return () => listeners.delete(action);
}

export function emit(kind, detail = {}) {
  for (const listener of [...listeners]) listener(kind, detail);
}

/** Loads everything anew. */
export async function load() {
  const list = await api.get("cameras");
  const now = Date.now();
  const before = [...store.cameras.values()].map(shapeOf).join();
  const cameras = new Map();
  for (const it of list) {
    const old = store.cameras.get(it.id);
    const camera = old ?? { id: it.id, picture: {} };
    camera.online = it.online;
    camera.seenAt = it.ageMs === null ? null : now - it.ageMs;
    camera.questions = new Map(it.questions.map(question => {
      const kept = old?.questions.get(question.id) ?? { points: [] };
      return [question.id, Object.assign(kept, { taughtDrift: null }, question, { camera: it.id, answeredAt: question.ageMs === null ? null : now - question.ageMs })];
    }));
    cameras.set(it.id, camera);
  }
  store.cameras = cameras;
  store.reason = null;
  emit([...cameras.values()].map(shapeOf).join() === before ? "refreshed" : "cameras");
}

const shapeOf = camera => `${camera.id}(${[...camera.questions.keys()].join(" ")})`;

/** Loads the scores of the last minutes of a camera. */
export async function loadHistory(camera, minutes) {
  const history = await api.get(`cameras/${path(camera.id)}/history?minutes=${minutes}`);
  const now = Date.now();
  for (const it of history.questions) {
    const question = camera.questions.get(it.id);
    if (!question) continue;
    Object.assign(question, { yesAbove: it.yesAbove, noBelow: it.noBelow, minScore: it.minScore });
    question.points = it.points.map(point => ({ ...point, at: now - point.ageMs }));
    emit("history", { camera: camera.id, question: it.id });
  }
}

function addPoint(question, answer) {
  const at = Date.now();
  const last = question.points.at(-1);
  const timings = answer.timings && !answer.reused
    ? { encodeMs: answer.timings.encodeMs, prefillMs: answer.timings.prefillMs, decodeMs: answer.timings.decodeMs }
    : {};
  const score = answer.score ?? undefined;
  const point = { at, score, low: score, high: score, number: answer.number, ...timings };
  if (last && at - last.at < POINT_MS && last.score !== undefined && score !== undefined) {
    Object.assign(last, { ...point, at: last.at, low: Math.min(last.low, score), high: Math.max(last.high, score) });
  } else {
    question.points.push(point);
  }
  while (question.points.length && at - question.points[0].at > KEPT_MS) question.points.shift();
}

const handlers = {
  answer(answer) {
    const camera = store.cameras.get(answer.camera);
    const question = camera?.questions.get(answer.question);
    if (!question) return;
    const at = Date.now() - (answer.ageMs ?? 0);
    Object.assign(question, {
      ask: answer.ask, value: answer.value, score: answer.score ?? null, text: answer.text, state: answer.state, since: answer.since,
      scoredBy: answer.scoredBy, waitsFor: null, reason: answer.reason ?? null, answeredAt: at, timings: answer.timings, reused: answer.reused, frame: answer.frame,
    });
    camera.seenAt = at;
    camera.online = true;
    addPoint(question, answer);
    emit("answer", { camera: answer.camera, question: answer.question });
  },
  state(change) {
    const question = store.cameras.get(change.camera)?.questions.get(change.question);
    if (!question) return;
    if (question.spoken !== change.state) announce(`${change.camera}: ${question.ask} ${change.state}`);
    Object.assign(question, { state: change.state, since: change.since, spoken: change.state });
    emit("state", { camera: change.camera, question: change.question });
  },
  camera(change) {
    const camera = store.cameras.get(change.camera);
    if (!camera || change.reconfigured) {
      reload();
      return;
    }
    camera.online = change.online;
    emit("camera", { camera: change.camera });
  },
  event: happened => emit("event", { happened }),
  mode(change) {
    if (store.modes) store.modes.current = change.current;
    emit("mode");
  },
  ping() {
    // Nothing is said about questions that nobody asks at present, and about why they wait.
    load().catch(() => {});
  },
  resync: () => reload(),
};

let reloading = null;

function reload() {
  reloading ??= new Promise(resolve => setTimeout(resolve, 100))
    .then(() => load())
    .then(() => emit("resync"))
    .catch(() => {})
    .finally(() => { reloading = null; });
}

let source = null;
let isWanted = false;
let heardAt = 0;
let retry = null;
let waits = 0;
let hiddenTimer = null;

// Counts openings and closings: what began before the last one is out of date.
let round = 0;

/** Opens the stream of events and keeps it open while the page is seen. */
export function connect() {
  isWanted = true;
  open();
}

export function disconnect() {
  isWanted = false;
  close();
}

function close() {
  round++;
  clearTimeout(retry);
  retry = null;
  source?.close();
  source = null;
}

function open() {
  close();
  if (document.hidden) return;
  const opened = round;
  heardAt = Date.now();
  source = new EventSource("api/v1/events/stream");
  source.addEventListener("open", async () => {
    heardAt = Date.now();
    if (!await loadOrRetry(opened)) return;
    waits = 0;
    setConnection("open");
    emit("resync");
  });
  source.addEventListener("error", () => lost());
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, event => {
      heardAt = Date.now();
      handle(JSON.parse(event.data));
    });
  }
}

/** Opens the stream again once the service answers. A stream that is refused does not say why; an ended log-in shows here. */
async function reopen() {
  retry = null;
  if (await loadOrRetry(round)) open();
}

/** Loads everything, and tries again later where that fails, unless a log-in is needed. Gives false also when the stream was closed meanwhile. */
async function loadOrRetry(begun) {
  try {
    await load();
  } catch (error) {
    if (begun === round && error.status !== 401) {
      store.reason = error.message;
      lost();
    }
    return false;
  }
  return begun === round;
}

function lost() {
  close();
  setConnection("lost");
  // Soon at first, because the service may just be starting again.
  retry = setTimeout(reopen, Math.min(5000, 500 * 2 ** waits++));
}

function setConnection(state) {
  if (store.connection === state) return;
  store.connection = state;
  emit("connection");
}

setInterval(() => {
  if (source && Date.now() - heardAt > SILENT_MS) lost();
}, 2000);

// A browser allows six connections to a host over HTTP/1.1; a tab that nobody sees must not hold one.
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) hiddenTimer = setTimeout(close, HIDDEN_MS);
  else if (isWanted && !source && retry === null) open();
});
