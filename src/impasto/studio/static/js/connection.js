// Whether the server answers. Whoever notices first says so here; we then ask again until it is back.
import { byId, show } from "./dom.js";

const WAITS = [1, 2, 3, 5, 8, 10]; // seconds between attempts; the last one repeats
const watchers = new Set();
let online = true;
let attempt = 0;
let timer = 0;

async function probe() {
  clearTimeout(timer);
  try {
    const response = await fetch("/api/info", { cache: "no-store" });
    if (response.ok) return connection.found();
  } catch {
    /* still away; wait longer */
  }
  const wait = WAITS[Math.min(attempt, WAITS.length - 1)];
  attempt += 1;
  byId("banner-text").textContent =
    `The studio's server does not answer. Nothing is lost; trying again every ${wait} s.`;
  timer = setTimeout(probe, wait * 1000);
  return undefined;
}

export const connection = {
  /** Somebody got no answer. */
  lost() {
    if (!online) return;
    online = false;
    attempt = 0;
    byId("banner-text").textContent =
      "The studio's server does not answer. Is it still running in the terminal?";
    show(byId("banner"), true);
    for (const watcher of watchers) watcher(false);
    timer = setTimeout(probe, 700);
  },
  /** Somebody got an answer. */
  found() {
    if (online) return;
    online = true;
    clearTimeout(timer);
    show(byId("banner"), false);
    for (const watcher of watchers) watcher(true);
  },
  /** Call `fn(online)` at each change. */
  watch(fn) {
    watchers.add(fn);
  },
};

/** Wire the banner's button and the browser's own word about the network. */
export function startConnection() {
  byId("banner-retry").addEventListener("click", probe);
  // "online" only says that some network is there; the server on this machine may have been there all along.
  addEventListener("online", () => {
    if (!online) probe();
  });
}
