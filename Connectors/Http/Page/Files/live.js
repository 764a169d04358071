// The live view: one tile for each camera with its newest frame, the states of its questions and their scores.

import { api, path } from "./api.js";
import { age, ago, h, percent, setClass, setText } from "./dom.js";
import { sparkline } from "./chart.js";
import { isWritten, reasonText, statePill, writtenAnswer } from "./question.js";
import { follow, loadHistory, store } from "./store.js";

const REFRESH_MS = 1000;

/** The newest frame of a camera. It is fetched when an answer shows that there is a new one, at most once per second. */
export function cameraPicture(camera, { onload } = {}) {
  const kept = camera.picture;
  const image = h("img", { alt: `Newest picture of ${camera.id}`, src: kept.url ?? undefined, hidden: !kept.url });
  const empty = h("p.nopicture", { hidden: Boolean(kept.url) }, "No picture yet");
  const element = h("div.picture", null, image, empty);
  let isBusy = false;
  let fetchedAt = 0;
  let later = null;
  image.addEventListener("load", () => {
    element.style.aspectRatio = `${image.naturalWidth} / ${image.naturalHeight}`;
    onload?.(image);
  });

  element.refresh = async () => {
    const wait = REFRESH_MS - (Date.now() - fetchedAt);
    if (isBusy || wait > 0) {
      later ??= setTimeout(() => {
        later = null;
        if (element.isConnected) element.refresh();
      }, Math.max(wait, 100));
      return;
    }
    if (document.hidden) return;
    isBusy = true;
    fetchedAt = Date.now();
    try {
      const response = await api.picture(`cameras/${path(camera.id)}/snapshot.jpg`, kept.tag);
      if (response.status === 304) return;
      const url = URL.createObjectURL(await response.blob());
      if (kept.url) setTimeout(previous => URL.revokeObjectURL(previous), 2000, kept.url);
      Object.assign(kept, { url, tag: response.headers.get("ETag") });
      image.src = url;
      image.hidden = false;
      empty.hidden = true;
    } catch (error) {
      // The last picture stays; its age tells that it is old.
      empty.textContent = error.status === 503 ? "No picture yet" : error.message;
    } finally {
      isBusy = false;
    }
  };
  element.refresh();
  return element;
}

/** The age of a picture; empty before the first. */
export const pictureAge = at => at === null || at === undefined ? "" : ago(at);

function questionRow(camera, question) {
  const pill = statePill();
  const spark = sparkline();
  const score = h("span.score");
  const when = age(question.answeredAt);
  const why = h("p.why");
  const text = h("span.ask");
  const written = writtenAnswer();
  const row = h("li.row", { "data-question": question.id }, h("div.first", null, text, pill), written, h("div.second", null, spark, score, when), why);
  row.update = now => {
    setText(text, now.ask);
    pill.update(now);
    written.update(now);
    spark.update(now);
    setText(score, percent(now.score));
    when.set(now.answeredAt);
    const reason = reasonText(now);
    setText(why, reason);
    why.hidden = !reason;
    setClass(row, "off", !now.enabled);
    setClass(row, "plain", isWritten(now));
  };
  row.update(question);
  return row;
}

function tile(camera) {
  const picture = cameraPicture(camera);
  const seen = age(camera.seenAt, pictureAge);
  const online = h("span.online");
  const rows = new Map([...camera.questions.values()].map(question => [question.id, questionRow(camera, question)]));
  const element = h("article.card.tile", { "data-camera": camera.id, "aria-label": `Camera ${camera.id}` },
    h("div.frame", null, h("a", { href: `#/camera/${path(camera.id)}` }, picture), h("span.stamp", null, seen)),
    h("div.about", null,
      h("h2", null, h("a", { href: `#/camera/${path(camera.id)}` }, camera.id), online),
      rows.size ? h("ul.rows", null, ...rows.values()) : h("p.hint", null, "This camera has no questions.")));
  element.refresh = () => picture.refresh();
  element.update = id => {
    seen.set(camera.seenAt);
    setText(online, camera.online ? "online" : "offline");
    setClass(online, "bad", !camera.online);
    setClass(element, "stale", !camera.online);
    for (const [name, row] of rows) {
      if (id === undefined || id === name) row.update(camera.questions.get(name));
    }
  };
  element.update();
  return element;
}

export function liveView(main) {
  const heading = h("h1", { tabIndex: -1 }, "Live");
  const grid = h("div.grid.tiles");
  main.replaceChildren(heading, grid);
  let tiles = new Map();

  const build = () => {
    tiles = new Map([...store.cameras.values()].map(camera => [camera.id, tile(camera)]));
    grid.replaceChildren(...tiles.values());
    setClass(grid, "single", tiles.size === 1);
    if (!tiles.size && store.connection !== "open") {
      grid.replaceChildren(h("p.empty", null, "Waiting for the cameras ..."));
    } else if (!tiles.size) {
      grid.replaceChildren(h("div.empty", null,
        h("h2", null, "No cameras yet"),
        h("p", null, "Name a camera and its questions in the configuration file (MobileVlm:Cameras). You can ask about a picture of your own under Ask.")));
    }
    for (const camera of store.cameras.values()) loadHistory(camera, 10).catch(() => {});
  };
  build();
  const stop = follow((kind, { camera, question }) => {
    if (kind === "cameras" || (kind === "connection" && !tiles.size)) build();
    else if (kind === "resync") {
      for (const it of store.cameras.values()) loadHistory(it, 10).catch(() => {});
      for (const it of tiles.values()) it.refresh();
    } else if (kind === "refreshed") for (const it of tiles.values()) it.update();
    else if (camera) {
      tiles.get(camera)?.update(question);
      if (kind === "answer" || kind === "camera") tiles.get(camera)?.refresh();
    }
  });
  return { title: "Live", focus: heading, stop };
}
