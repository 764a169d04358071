// Starts the page: checks the log-in, follows the address behind the #, and shows the state of the connection.

import { api, features, loadFeatures, whenUnauthorized } from "./api.js";
import { askView } from "./ask.js";
import { cameraView } from "./camera.js";
import { deviceView } from "./device.js";
import { h, toast } from "./dom.js";
import { editorView } from "./editor.js";
import { eventsView } from "./events.js";
import { eventView, historyView } from "./history.js";
import { labelsView } from "./labels.js";
import { liveView } from "./live.js";
import { loginView } from "./login.js";
import { connect, disconnect, follow, load, store } from "./store.js";
import { tryOutView } from "./tryout.js";
import { whyView } from "./why.js";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const tools = document.getElementById("tools");
const notice = document.getElementById("notice");
let current = null;
let isLoggedIn = false;

function viewOf(parts) {
  switch (parts[0]) {
    case undefined: return liveView(main);
    case "camera": return parts[2] ? editorView(main, parts.slice(1)) : cameraView(main, parts.slice(1));
    case "ask": return askView(main);
    case "events": return eventsView(main, parts.slice(1));
    case "event": return eventView(main, parts.slice(1));
    case "history": return historyView(main, parts.slice(1));
    case "tryout": return tryOutView(main, parts.slice(1));
    case "why": return whyView(main, parts.slice(1));
    case "labels": return labelsView(main, parts.slice(1));
    case "device": return deviceView(main);
    default: location.hash = "#/"; return null;
  }
}

function show(view, takesFocus) {
  if (!view) return;
  current = view;
  document.title = `${view.title} - MobileVLM.Edge`;
  if (takesFocus) view.focus?.focus({ preventScroll: true });
}

function route(takesFocus = true) {
  if (!isLoggedIn) return;
  current?.stop();
  current = null;
  const parts = location.hash.replace(/^#\/?/, "").split("/").filter(it => it).map(decodeURIComponent);
  for (const link of nav.querySelectorAll("a")) {
    const name = link.getAttribute("href").slice(2);
    const isCurrent = name === ({ camera: "", history: "", labels: "", tryout: "", why: "", event: "events" }[parts[0]] ?? parts[0] ?? "");
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  show(viewOf(parts), takesFocus);
  if (takesFocus) window.scrollTo(0, 0);
}

function showTools() {
  tools.replaceChildren();
  if (store.modes?.modes.length) {
    const select = h("select", { "aria-label": "Mode", disabled: !store.mayChange },
      store.modes.current === null ? h("option", { value: "" }, "No mode") : null,
      store.modes.modes.map(mode => h("option", { value: mode, selected: mode === store.modes.current }, mode)));
    select.addEventListener("change", async () => {
      try {
        await api.send("PUT", "mode", { mode: select.value });
        toast(`The mode is now ${select.value}.`);
        store.modes = await api.get("modes");
        await load();
      } catch (error) {
        toast(error.message, true);
      }
      showTools();
    });
    tools.append(h("label.mode", null, h("span", null, "Mode"), select));
  }
  if (store.tokenRequired) {
    tools.append(h("button", {
      type: "button",
      async onclick() {
        try {
          await api.logOut();
        } catch (error) {
          // Without a log-in, the view for it is shown already.
          if (error.status !== 401) toast(`You are still logged in. ${error.message}`, true);
          return;
        }
        start();
      },
    }, store.mayChange ? "Log out" : "Log out (read only)"));
  }
}

function showConnection() {
  const isLost = store.connection === "lost";
  if (!isLost && !notice.hidden) toast("Connected again.");
  notice.hidden = !isLost;
  notice.textContent = isLost ? `${store.reason ?? "The connection to the service is lost."} What is shown may be old. Trying again ...` : "";
  document.body.classList.toggle("lost", isLost);
}

function logIn() {
  current?.stop();
  current = null;
  isLoggedIn = false;
  disconnect();
  nav.hidden = true;
  tools.replaceChildren();
  notice.hidden = true;
  show(loginView(main, start), true);
}

async function start() {
  try {
    const session = await api.session();
    Object.assign(store, session);
    if (session.access === "none") {
      logIn();
      return;
    }
    await loadFeatures();
    store.keepsHistory = Boolean((await api.get("device")).history);
    store.modes = features.modes ? await api.get("modes").catch(() => null) : null;
  } catch (error) {
    notice.hidden = false;
    notice.textContent = `${error.message} Trying again ...`;
    setTimeout(start, 2000);
    return;
  }
  notice.hidden = true;
  isLoggedIn = true;
  nav.hidden = false;
  showTools();
  connect();
  // The cameras may come later, while the model is loaded.
  await load().catch(error => { store.reason = error.message; });
  route(false);
}

whenUnauthorized(() => { if (isLoggedIn) logIn(); });
window.addEventListener("hashchange", () => route());
follow(async kind => {
  if (kind === "connection") {
    showConnection();
    if (store.connection === "open" && features.modes) {
      store.modes = await api.get("modes").catch(() => null);
      showTools();
    }
  }
  if (kind === "mode") showTools();
  if (kind === "show") route(false);
});
start();
