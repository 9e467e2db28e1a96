// The state of the connection. After a failed request the server is probed until it responds again.
import { byId, show } from "./dom.js";

const WAITS = [1, 2, 3, 5, 8, 10]; // seconds between attempts; the last one repeats
const watchers = new Set();
let online = true;
let attempt = 0;
let timer = 0;

async function probe() {
  clearTimeout(timer);
  try {
    const response = await fetch("api/info", { cache: "no-store" });
    // 401: the server is there, but was started with another token, which the next request says.
    if (response.ok || response.status === 401) return connection.restored();
  } catch {
    /* still away: wait longer */
  }
  const wait = WAITS[Math.min(attempt, WAITS.length - 1)];
  attempt += 1;
  byId("banner-text").textContent =
    `The studio's server is not responding. Your work is safe; retrying every ${wait} s.`;
  timer = setTimeout(probe, wait * 1000);
  return undefined;
}

export const connection = {
  /** Report a request without a response. */
  lost() {
    if (!online) return;
    online = false;
    attempt = 0;
    byId("banner-text").textContent =
      "The studio's server is not responding. Is it still running in the terminal?";
    show(byId("banner"), true);
    for (const watcher of watchers) watcher(false);
    timer = setTimeout(probe, 700);
  },
  /** Report a response. */
  restored() {
    if (online) return;
    online = true;
    clearTimeout(timer);
    show(byId("banner"), false);
    for (const watcher of watchers) watcher(true);
  },
  /** Call `fn(online)` on each change. */
  watch(fn) {
    watchers.add(fn);
  },
};

/** Set up the banner's button and the browser's `online` event. */
export function startConnection() {
  byId("banner-retry").addEventListener("click", probe);
  // "online" only means that some network is up; a server on this machine may never have been away.
  addEventListener("online", () => {
    if (!online) probe();
  });
}
