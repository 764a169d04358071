// Which part of a picture carries an answer: the service asks again without each part, and the page paints the difference over the picture.

import { api, ApiError, path } from "./api.js";
import { READ_ONLY } from "./ask.js";
import { field, h, milliseconds, percent, toast } from "./dom.js";
import { store } from "./store.js";

const POLL_MS = 500;
const GRIDS = [4, 6, 8];

/** The address of the view; without a snapshot it is about the newest frame. */
export const whyHash = (camera, question, snapshot) => `#/why/${path(camera)}/${path(question)}${snapshot ? `/${snapshot}` : ""}`;

/** The number in the path of a stored snapshot. */
export const snapshotNumber = address => /(\d+)\.jpg$/.exec(address)?.[1];

export function whyView(main, [camera, question, snapshot]) {
  const heading = h("h1", { tabIndex: -1 }, "Why this answer");
  const size = h("select", null, GRIDS.map(it => h("option", { value: it, selected: it === 6 }, `${it} by ${it}`)));
  const start = h("button.primary", { type: "submit", disabled: !store.mayChange }, "Find out");
  const cancel = h("button", { type: "button", hidden: true }, "Cancel");
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Progress" });
  const words = h("p", { role: "status" }, store.mayChange ? "" : READ_ONLY);
  const image = h("img.still", { alt: `Picture of ${camera}` });
  const canvas = h("canvas", { "aria-hidden": "true" });
  const frame = h("div.whyframe", { hidden: true }, image, canvas);
  const legend = h("p.hint", { hidden: true }, h("span.swatch.for"), " the score is lower without this part ", h("span.swatch.against"), " the score is higher without it");
  if (snapshot) {
    image.src = `api/v1/history/snapshots/${snapshot}.jpg`;
    frame.hidden = false;
  }
  let [id, timer, isStopped, last] = [null, null, false, null];

  const follow = async () => {
    clearTimeout(timer);
    try {
      const job = await api.get(`why/${id}`);
      if (isStopped) return;
      show(job);
      if (job.state === "running") timer = setTimeout(follow, POLL_MS);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      words.textContent = error.message;
      start.disabled = false;
    }
  };

  function show(job) {
    const isRunning = job.state === "running";
    [bar.max, bar.value, bar.hidden, cancel.hidden, start.disabled] = [job.passes, job.done, !isRunning, !isRunning, isRunning];
    last = job;
    paint();
    const changes = job.grid.flat().filter(it => it !== null);
    legend.hidden = !changes.length;
    const most = Math.max(...changes.map(Math.abs), 0);
    words.textContent = job.state === "failed" ? `It failed: ${job.reason}.`
      : `${job.score === null ? "Asking" : `${job.ask} The score of ${job.value} is ${percent(job.score)}`}${isRunning ? `; ${job.done} of ${job.passes} passes${job.remainingMs === null ? "" : `, about ${milliseconds(job.remainingMs)} left`}` : ""}.${!isRunning && changes.length ? ` ${most < 0.02 ? "No single part changes it by 2 % or more." : `The part that matters most changes it by ${percent(most)}.`}` : ""}`;
  }

  function paint() {
    if (!last?.area || !image.naturalWidth) return;
    const [width, height] = [canvas.width = image.naturalWidth, canvas.height = image.naturalHeight];
    const pen = canvas.getContext("2d");
    const most = Math.max(0.05, ...last.grid.flat().map(it => Math.abs(it ?? 0)));
    const [rows, { left, top, width: wide, height: high }] = [last.grid.length, last.area];
    last.grid.forEach((row, y) => row.forEach((change, x) => {
      if (!change) return;
      pen.fillStyle = change > 0 ? `rgb(255 120 0 / ${0.65 * change / most})` : `rgb(40 110 255 / ${-0.65 * change / most})`;
      pen.fillRect((left + wide * x / rows) * width, (top + high * y / rows) * height, wide / rows * width, high / rows * height);
    }));
  }

  image.addEventListener("load", paint);
  cancel.addEventListener("click", () => api.send("DELETE", `why/${id}`).then(follow, error => toast(error.message, true)));
  main.replaceChildren(
    h("div.title", null, heading, h("a", { href: `#/camera/${path(camera)}` }, camera)),
    h("p.hint", null, `The service asks ${question} again and again, each time without one part of ${snapshot ? "this picture" : "the newest picture"}. It takes one pass of the decoder for each part; the questions of the cameras go first.`),
    h("form.card.stack", {
      async onsubmit(event) {
        event.preventDefault();
        start.disabled = true;
        words.textContent = "Starting ...";
        try {
          const request = { camera, question, grid: Number(size.value) };
          if (snapshot) request.snapshot = Number(snapshot);
          ({ id } = await api.send("POST", "why", request));
          canvas.width = canvas.height = 0;
          last = null;
          frame.hidden = false;
          image.src = `api/v1/why/${id}/picture.jpg`;
          follow();
        } catch (error) {
          words.textContent = error.message;
          start.disabled = false;
        }
      },
    }, field("Parts", size), h("div.actions", null, start, cancel), words, bar, frame, legend));
  return { title: `Why ${question}`, focus: heading, stop() { isStopped = true; clearTimeout(timer); } };
}
