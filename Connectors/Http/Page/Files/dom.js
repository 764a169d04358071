// Builds elements and writes values for people. Everything that comes from cameras and models becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** Creates an element: h("button.small", { type: "button", onclick }, "Save"). */
export function h(what, props, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(props ?? {})) {
    // A condition that does not hold leaves a property out; only those that are a boolean themselves can be false.
    if (value === undefined || value === null || (value === false && typeof element[name] !== "boolean")) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, children);
  return element;
}

/** Creates an SVG element. */
export function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
}

/** Sets a text only when it differs, so that screen readers and selections are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setClass(element, name, on) {
  element.classList.toggle(name, Boolean(on));
}

let fields = 0;

/** A labelled control; a hint below it belongs to it for screen readers too. */
export function field(label, control, hint) {
  control.id ||= `field-${++fields}`;
  const parts = [h("label", { htmlFor: control.id }, label), control];
  if (hint) {
    const id = `${control.id}-hint`;
    control.setAttribute("aria-describedby", id);
    parts.push(h("p.hint", { id }, hint));
  }
  return h("div.field", null, ...parts);
}

/** "3 s", "4 min", "2 h", "5 d". */
export function duration(ms) {
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** "3 s ago", from a time of Date.now(). */
export function ago(at) {
  if (at === null || at === undefined) return "never";
  const ms = Date.now() - at;
  return ms < 1500 ? "just now" : `${duration(ms)} ago`;
}

export function percent(score) {
  return score === null || score === undefined ? "" : `${(score * 100).toFixed(0)} %`;
}

export function milliseconds(ms) {
  return ms >= 10000 ? `${(ms / 1000).toFixed(0)} s` : ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : ms >= 10 ? `${Math.round(ms)} ms` : `${Number(ms.toFixed(1))} ms`;
}

/** A score as a bar. */
export function scoreBar(score) {
  const fill = h("span");
  fill.style.width = `${score * 100}%`;
  return h("div.bar", { role: "meter", "aria-label": "Score", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(score * 100) }, fill);
}

export function bytes(count) {
  if (count === null || count === undefined) return "unknown";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit++;
  }
  return `${count >= 100 || unit === 0 ? count.toFixed(0) : count.toFixed(1)} ${units[unit]}`;
}

export function clock(iso) {
  if (!iso) return "at an unknown time";
  const at = new Date(iso);
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return at.toDateString() === new Date().toDateString() ? time : `${at.toLocaleDateString()} ${time}`;
}

/** A time from a moment to another, each with its date where it is needed. */
export function spanText(from, to) {
  const [first, last] = [new Date(from), new Date(to)];
  const time = at => at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const isOneDay = first.toDateString() === last.toDateString();
  return isOneDay ? `${clock(from)} to ${time(last)}` : `${first.toLocaleDateString()} ${time(first)} to ${last.toLocaleDateString()} ${time(last)}`;
}

/** The time of day in hours and minutes, with the date when it is not today. */
export function shortClock(iso) {
  const at = new Date(iso);
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return at.toDateString() === new Date().toDateString() ? time : `${at.toLocaleDateString()} ${time}`;
}

/** Elements whose text is the time since their "at", brought up to date each second. */
export function age(at, words = ago) {
  const element = h("span.age");
  const write = () => setText(element, words(element.at));
  element.refresh = write;
  element.set = value => {
    element.at = value;
    write();
  };
  element.set(at);
  return element;
}

setInterval(() => {
  if (!document.hidden) for (const element of document.querySelectorAll(".age")) element.refresh?.();
}, 1000);

const spoken = document.getElementById("spoken");
let lastSpoken = 0;

/** Tells a screen reader, at most every two seconds; what comes faster than that is left out. */
export function announce(text) {
  if (Date.now() - lastSpoken < 2000) return;
  lastSpoken = Date.now();
  spoken.textContent = text;
}

/** Shows a short message for a while. */
export function toast(text, isError = false) {
  const element = h(isError ? "div.toast.bad" : "div.toast", null, text);
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), isError ? 10000 : 4000);
}
