// The stored past: the timeline of a question with its snapshots, and one event. Each has an address of its own.

import { ApiError, api, has, path } from "./api.js";
import { clock, duration, h, percent, s, setText, spanText, toast } from "./dom.js";
import { verdict } from "./labels.js";
import { reasonSentence, scorerText } from "./question.js";
import { store } from "./store.js";
import { whatIf } from "./whatif.js";
import { snapshotNumber, whyHash } from "./why.js";

const HOUR = 3600000;
const SPANS = [["1 h", HOUR], ["6 h", 6 * HOUR], ["24 h", 24 * HOUR], ["7 d", 168 * HOUR], ["30 d", 720 * HOUR]];
/** An event that is older has no clip that is still to come. */
const CLIP_WAIT = 90000;
let shown = 0;

/** The address of a timeline; without an end it follows the clock. */
export const timelineHash = (camera, question, from, to) =>
  `#/history/${path(camera)}/${path(question)}/${from.toISOString()}/${to.toISOString()}`;

export const eventHash = id => `#/event/${path(id)}`;

/** A path of the service as an address relative to the page. */
const relative = address => address.replace(/^\//, "");

const query = (camera, question, from, to) =>
  `camera=${path(camera)}&question=${path(question)}&from=${path(from.toISOString())}&to=${path(to.toISOString())}`;

const isTime = text => text && !Number.isNaN(Date.parse(text));

export function historyView(main, [camera, question, fromText, toText]) {
  const to = isTime(toText) ? new Date(toText) : new Date();
  const from = isTime(fromText) && Date.parse(fromText) < to ? new Date(fromText) : new Date(to - 24 * HOUR);
  const span = to - from;
  const heading = h("h1", { tabIndex: -1 }, `History of ${question ?? ""}`);
  const at = (first, last) => timelineHash(camera, question, new Date(first), new Date(last));
  const hint = h("p.hint", { role: "status" }, "Loading ...");
  const chart = h("div.card");
  const picture = h("div.card", { hidden: true });
  const list = h("div.stack");
  main.replaceChildren(
    h("div.title", null, heading, h("a", { href: `#/camera/${path(camera)}` }, camera)),
    h("div.stack", null, h("div.actions", { role: "group", "aria-label": "Time" },
      h("a.button", { href: at(from - span, from) }, "Earlier"),
      SPANS.map(([name, length]) => h("a.button", { href: at(to - length, to), "aria-current": length === span ? "true" : null }, name)),
      h("a.button", { href: at(to, +to + span), hidden: +to + span / 2 > Date.now() }, "Later"),
      h("a.button", { href: `#/history/${path(camera)}/${path(question)}` }, "Now"),
      h("a.button", { href: `api/v1/history?${query(camera, question, from, to)}&format=csv`, download: `${camera}-${question}.csv` }, "CSV"),
      h("a.button", { href: `api/v1/history/export.zip?${query(camera, question, from, to)}`, download: `${camera}-${question}.zip`, title: "The stored pictures of this time with a table of answers" }, "ZIP")),
    h("p.hint", null, spanText(from.toISOString(), to.toISOString())), hint, chart, picture, list));
  let isStopped = false;
  const fill = async () => {
    try {
      const timeline = await api.get(`history?${query(camera, question, from, to)}&bucket=${Math.max(1, Math.ceil(span / 800000))}`);
      if (isStopped) return;
      hint.textContent = timeline.points.length ? "Choose a time in the chart to see the stored picture nearest to it." : "No answers are stored of this time.";
      const frames = pictures(timeline.snapshots, picture, it => whyHash(camera, question, snapshotNumber(it.path)));
      const drawn = timelineChart(timeline, question, from, to, frames.show);
      chart.replaceChildren(drawn);
      whatIf(drawn.plot, chart, query(camera, question, from, to), camera, question);
      const events = (await api.get(`events?${query(camera, question, from, to)}&limit=200`)).events;
      if (!isStopped) list.replaceChildren(h("h2", null, "Events"), events.length ? eventTable(events) : h("p.empty", null, "No events in this time."));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      hint.textContent = error.message;
    }
  };
  fill();
  return { title: `History of ${question}`, focus: heading, stop: () => { isStopped = true; } };
}

/** Shows the snapshot nearest to a time, with buttons to those before and after it. */
function pictures(snapshots, element, whyOf) {
  const image = h("img.still");
  const when = h("p.hint");
  let number = 0;
  const go = next => {
    number = Math.max(0, Math.min(snapshots.length - 1, next));
    const it = snapshots[number];
    image.src = relative(it.path);
    image.alt = `Picture of ${clock(it.at)}`;
    when.textContent = `${clock(it.at)}, frame ${it.frame} (${number + 1} of ${snapshots.length})`;
    earlier.disabled = number === 0;
    later.disabled = number === snapshots.length - 1;
    why.href = whyOf(it);
  };
  const earlier = h("button", { type: "button", onclick: () => go(number - 1) }, "Earlier picture");
  const later = h("button", { type: "button", onclick: () => go(number + 1) }, "Later picture");
  const why = h("a.button", { hidden: !has("POST", "why") }, "Why this answer");
  element.replaceChildren(image, when, h("div.actions", null, earlier, later, why));
  return {
    show(time) {
      if (!snapshots.length) return;
      element.hidden = false;
      const distance = it => Math.abs(Date.parse(it.at) - time);
      go(snapshots.reduce((best, it, i) => (distance(it) < distance(snapshots[best]) ? i : best), 0));
    },
  };
}

/** Scores with their range, the thresholds of each time, states as a band below, and times about which nothing is known. */
function timelineChart(timeline, question, from, to, choose) {
  const [width, height, left, right, top, bottom] = [Math.max(320, document.getElementById("main").clientWidth - 60), 220, 46, 8, 10, 62];
  const svg = s("svg", { class: "timeline", viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: 0 });
  const time = text => Date.parse(text);
  const x = at => left + Math.max(0, Math.min(1, (at - from) / (to - from))) * (width - left - right);
  const y = it => top + (1 - it) * (height - top - bottom);
  const fixed = value => value.toFixed(1);
  const bucket = timeline.bucketS * 1000;
  const scored = timeline.points.filter(point => point.score !== undefined);
  const parts = [];
  for (const gap of timeline.gaps) {
    parts.push(s("rect", { class: `gap ${gapKind(gap.reason)}`, x: x(time(gap.from)), y: top, width: Math.max(1, x(time(gap.to)) - x(time(gap.from))), height: height - top - bottom + 22 }, s("title", null, gapText(gap))));
  }
  for (const it of [0, 0.5, 1]) {
    parts.push(s("line", { class: "grid", x1: left, x2: width - right, y1: y(it), y2: y(it) }), s("text", { x: left - 6, y: y(it) + 4, "text-anchor": "end" }, percent(it)));
  }
  const marks = width < 500 ? 2 : 4;
  for (let i = 0; i <= marks; i++) {
    const moment = new Date(+from + (to - from) * i / marks);
    const name = to - from > 48 * HOUR ? moment.toLocaleDateString() : moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    parts.push(s("text", { x: x(+moment), y: height - 6, "text-anchor": i === 0 ? "start" : i === marks ? "end" : "middle" }, name));
  }
  timeline.thresholds.forEach((held, i) => {
    const ends = i + 1 < timeline.thresholds.length ? time(timeline.thresholds[i + 1].at) : +to;
    for (const it of [held.yesAbove, held.noBelow, held.minScore].filter(value => value > 0)) {
      parts.push(s("line", { class: "limit", x1: x(i === 0 ? +from : time(held.at)), x2: x(ends), y1: y(it), y2: y(it) }, s("title", null, percent(it))));
    }
  });
  parts.push(s("path", { class: "range", d: scored.filter(point => point.high - point.low > 0.005).map(point => `M${fixed(x(time(point.at)))} ${fixed(y(point.low))}V${fixed(y(point.high))}`).join("") }));
  let before = null;
  parts.push(s("path", { class: "line", d: scored.map(point => {
    const moment = time(point.at);
    const step = before === null || moment - before > Math.max(60000, 3 * bucket) ? "M" : "L";
    before = moment;
    // A point without neighbours is drawn as a round dot.
    return `${step}${fixed(x(moment))} ${fixed(y(point.score))}${step === "M" ? "h.01" : ""}`;
  }).join("") }));
  const end = Math.min(+to, Date.now());
  timeline.states.forEach((held, i) => {
    const begins = x(time(held.at));
    const ends = x(i + 1 < timeline.states.length ? time(timeline.states[i + 1].at) : end);
    const name = held.reason ? `${held.state}: ${reasonSentence(held.reason)}` : held.state;
    parts.push(s("rect", { class: `state ${["yes", "no", "unknown"].includes(held.state) ? held.state : "other"}`, x: begins, y: height - bottom + 8, width: Math.max(1, ends - begins), height: 14 }, s("title", null, `${clock(held.at)}: ${name}`)));
  });
  for (const it of timeline.snapshots) parts.push(s("line", { class: "tick", x1: x(time(it.at)), x2: x(time(it.at)), y1: height - bottom + 26, y2: height - bottom + 32 }));
  const cursor = s("line", { class: "cursor", y1: top, y2: height - bottom + 32, visibility: "hidden" });
  svg.replaceChildren(...parts, cursor);
  const values = scored.map(point => point.score);
  svg.setAttribute("aria-label", `${question}: ${timeline.points.reduce((sum, point) => sum + point.answers, 0)} answers${values.length ? `, scores from ${percent(Math.min(...scored.map(point => point.low)))} to ${percent(Math.max(...scored.map(point => point.high)))}` : ""}, ${timeline.states.length} states`);
  const readout = h("p.hint", null, "Line: mean score; shade: lowest to highest; dashed: the thresholds; band: the state; ticks: stored pictures; dashed areas: no answers.");
  let chosen = null;
  const select = moment => {
    chosen = Math.max(+from, Math.min(+to, moment));
    cursor.setAttribute("x1", x(chosen));
    cursor.setAttribute("x2", x(chosen));
    cursor.setAttribute("visibility", "visible");
    const gap = timeline.gaps.find(it => time(it.from) <= chosen && chosen < time(it.to));
    const nearest = gap ? null : timeline.points.reduce((best, point) => (!best || Math.abs(time(point.at) - chosen) < Math.abs(time(best.at) - chosen) ? point : best), null);
    setText(readout, nearest ? `${clock(nearest.at)}: ${nearest.score === undefined ? nearest.value ?? "no value" : percent(nearest.score)}${nearest.scoredBy ? ` by ${scorerText(nearest.scoredBy)}` : ""}${nearest.reason ? `; ${reasonSentence(nearest.reason)}` : ""} (${nearest.answers} ${nearest.answers === 1 ? "answer" : "answers"})` : gap ? gapText(gap) : clock(new Date(chosen).toISOString()));
    choose(chosen);
  };
  svg.addEventListener("click", click => {
    const box = svg.getBoundingClientRect();
    const position = (click.clientX - box.left) / box.width * width;
    select(+from + (position - left) / (width - left - right) * (to - from));
  });
  svg.addEventListener("keydown", key => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key.key];
    if (!step) return;
    key.preventDefault();
    select((chosen ?? (step > 0 ? +from : end)) + step * Math.max(bucket, (to - from) / 200));
  });
  const plot = { svg, left, right: width - right, x, y, score: at => 1 - (at - top) / (height - top - bottom) };
  return Object.assign(h("div", null, svg, readout, gapList(timeline.gaps)), { plot });
}

/** Why a time has no answers: something failed, or somebody wanted it so. */
const gapKind = reason => reason === "stopped" ? "stopped" : ["disabled", "notInMode", "outsideSchedule", "clockUnset", "whenFalse", "viewNotNormal"].includes(reason) ? "off" : "failed";

const gapSentence = reason => reason === "stopped" ? "The service did not run or stored nothing." : reasonSentence(reason);

const gapText = gap => `${spanText(gap.from, gap.to)}: ${gapSentence(gap.reason)}`;

/** The reasons of all gaps with their total lengths, as a legend. */
function gapList(gaps) {
  const total = new Map();
  for (const gap of gaps) total.set(gap.reason, (total.get(gap.reason) ?? 0) + (Date.parse(gap.to) - Date.parse(gap.from)));
  return h("ul.gaps", { hidden: !total.size, "aria-label": "Times without answers" }, [...total].sort((a, b) => b[1] - a[1]).map(([reason, length]) =>
    h("li", null, h(`span.swatch.${gapKind(reason)}`), `${duration(length)}: ${gapSentence(reason)}`)));
}

/** A table of stored events, whose times lead to them. */
export function eventTable(events) {
  return h("div.tablewrap.stored", { tabIndex: 0, role: "region", "aria-label": "Events" }, h("table", null,
    h("thead", null, h("tr", null, ["Time", "Change", "Score", "Text", "Picture"].map(name => h("th", { scope: "col" }, name)))),
    h("tbody", null, events.map(it => h("tr", null,
      h("td", null, h("a", { href: eventHash(it.historyId) }, h("time", { dateTime: it.at ?? "" }, clock(it.at)))),
      h("td.change", null, `${it.from} → ${it.to}`),
      h("td.number", null, percent(it.score)),
      h("td", null, it.text),
      h("td", null, it.snapshot ? h("img.thumb", { src: relative(it.snapshot), alt: "", loading: "lazy" }) : "none"))))));
}

export function eventView(main, [id]) {
  const heading = h("h1", { tabIndex: -1 }, "Event");
  const text = h("p.empty", null, "Loading ...");
  main.replaceChildren(h("div.title", null, heading), text);
  const number = ++shown;
  const fill = async () => {
    try {
      draw(await api.get(`events/${path(id)}`));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      text.textContent = error.message;
    }
  };
  const draw = it => {
    // Another view may have been opened meanwhile.
    if (number !== shown || !heading.isConnected) return;
    const around = timelineHash(it.camera, it.question, new Date(Date.parse(it.at) - HOUR), new Date(Date.parse(it.at) + HOUR));
    const keep = h("input", { type: "checkbox", role: "switch", checked: it.keep, disabled: !store.mayChange });
    keep.addEventListener("change", async () => {
      try {
        await api.send("PUT", `events/${path(id)}/keep`, { keep: keep.checked });
        toast(keep.checked ? "This event is kept." : "This event is deleted with its time.");
      } catch (error) {
        keep.checked = !keep.checked;
        toast(error.message, true);
      }
    });
    let isSure = false;
    const remove = h("button", { type: "button" }, "Delete");
    remove.addEventListener("click", async () => {
      if (!isSure) {
        isSure = true;
        remove.textContent = "Delete for good";
        return;
      }
      try {
        await api.send("DELETE", `events/${path(id)}`);
        toast("The event, its picture and its clip are deleted.");
        location.hash = "#/events";
      } catch (error) {
        toast(error.message, true);
      }
    });
    main.replaceChildren(
      h("div.title", null, heading, h("span.change", null, `${it.from} → ${it.to}`)),
      h("div.card", null,
        it.clip ? h("video.still", { src: relative(it.clip), controls: true, muted: true, playsInline: true, preload: "metadata", "aria-label": `Clip of ${clock(it.at)}`, poster: it.snapshot ? relative(it.snapshot) : null }) : null,
        it.clip ? null : it.snapshot ? h("img.still", { src: relative(it.snapshot), alt: `Picture of ${clock(it.at)}` }) : h("p.empty", null, "No picture of this event is stored."),
        h("dl.facts", null,
          [["Time", clock(it.at)], ["Camera", it.camera], ["Question", it.ask ?? it.question], ["Score", percent(it.score) || "none"], ...(it.scoredBy ? [["Scored by", scorerText(it.scoredBy)]] : []), ["Text", it.text ?? ""], ["Frame", String(it.frame ?? "")]]
            .map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))),
        h("div.actions", null, verdict(it), h("a.button", { href: around }, "Timeline"), it.clip ? h("a.button", { href: relative(it.clip), download: `${it.camera}-${it.at}.mp4` }, "Save clip") : null, h("label.switch", null, keep, h("span", null, "Keep")), store.mayChange ? remove : null)));
    if (!isDrawn) heading.focus({ preventScroll: true });
    isDrawn = true;
    // A clip is written after the event.
    if (!it.clip && Date.now() - Date.parse(it.at) < CLIP_WAIT) again = setTimeout(waitForClip, 3000);
  };
  let isDrawn = false;
  let again = null;
  const waitForClip = async () => {
    const it = await api.get(`events/${path(id)}`).catch(() => null);
    if (number !== shown || !heading.isConnected || !it) return;
    if (it.clip) draw(it);
    else if (Date.now() - Date.parse(it.at) < CLIP_WAIT) again = setTimeout(waitForClip, 3000);
  };
  fill();
  return { title: "Event", focus: heading, stop: () => { shown++; clearTimeout(again); } };
}
