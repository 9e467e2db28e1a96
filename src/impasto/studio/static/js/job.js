// Following one job: its events become state. Nothing here draws.
import { announce, complain } from "./a11y.js";
import { api } from "./api.js";
import { connection } from "./connection.js";
import { loadDraft } from "./draft.js";
import { wasRestoredFor } from "./persist.js";
import { pictureOf } from "./pictures.js";
import { isActive, store } from "./state.js";

const { state } = store;
const MOST_POINTS = 2000;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("impasto.jobs") : null;
const jobWatchers = new Set();
let source = null;
let opening = 0;

/** Call `fn` when some job began, ended or was forgotten, in this tab or another. */
export function watchJobs(fn) {
  jobWatchers.add(fn);
}

function notifyWatchers() {
  for (const watcher of jobWatchers) watcher();
}

/** Tell this tab and the others that the list of jobs changed. */
export function jobsChanged() {
  channel?.postMessage("changed");
  notifyWatchers();
}

function take(job) {
  if (!state.job || state.job.id !== job.id) return;
  const before = state.job.state;
  store.set({ job: { ...state.job, ...job } });
  if (before === job.state) return;
  const words = {
    running: "Painting.",
    paused: "Paused.",
    done: "The picture is finished.",
    stopped: "Stopped.",
    failed: `Painting failed. ${job.error ?? ""}`,
  };
  if (words[job.state]) announce(words[job.state]);
  if (before !== "paused" && job.state !== "paused") jobsChanged();
}

function stepped(data) {
  if (!state.job) return;
  const { losses } = state;
  const last = losses[losses.length - 1];
  if (Number.isFinite(data.loss) && (!last || data.step > last[0])) {
    const next = [...losses, [data.step, data.loss]];
    // Every second point is plenty once there are thousands; the curve is a few hundred pixels wide.
    store.set({ losses: next.length > MOST_POINTS ? next.filter((_, i) => i % 2 === 1) : next });
  }
  const quarter = (step) => Math.floor((4 * step) / Math.max(1, data.steps));
  if (quarter(data.step) > quarter(state.job.step ?? 0) && data.step < data.steps)
    announce(`${quarter(data.step) * 25} percent painted.`);
  store.set({ job: { ...state.job, ...data } });
}

function close() {
  source?.close();
  source = null;
}

function follow(id) {
  close();
  if (document.hidden) return; // browsers allow six connections to a host; a hidden tab takes none
  source = new EventSource(api.eventsUrl(id));
  const on = (name, fn) => source.addEventListener(name, (event) => fn(JSON.parse(event.data)));
  on("state", (job) => {
    take(job);
    if (!isActive(job)) close();
  });
  on("step", stepped);
  on("preview", ({ url }) => {
    if (state.job?.id === id) store.set({ job: { ...state.job, preview: url } });
  });
  on("done", (job) => {
    close();
    if (job?.id) take(job);
    else refresh(id);
  });
  source.onerror = () => {
    // The browser reconnects by itself after a broken line; only a refusal ends it, and then we ask what is left.
    if (source && source.readyState === EventSource.CLOSED) {
      close();
      refresh(id);
    } else {
      api.info().catch(() => {}); // says whether the server is there at all; the banner follows from it
    }
  };
}

async function refresh(id) {
  try {
    const job = await api.job(id);
    if (state.job?.id !== id) return;
    take(job);
    if (isActive(job)) follow(id);
  } catch (error) {
    if (error.status === 404) leaveJob();
    else complain(error);
  }
}

/** Put a job on the stage. `fresh`: it was started from this very draft, which therefore stays as it is. */
export async function openJob(id, fresh = null) {
  const mine = ++opening;
  if (state.job?.id === id) return;
  close();
  try {
    const job = fresh ?? (await api.job(id));
    if (mine !== opening) return;
    if (!fresh && !wasRestoredFor(id)) await adopt(job);
    if (mine !== opening) return;
    store.set({ job, losses: job.losses ?? [], brushing: false, trouble: "" });
    if (isActive(job)) follow(id);
  } catch (error) {
    complain(error);
    if (error.status === 404) location.replace("#/");
  }
}

/** Make a job's settings and pictures the draft. */
export async function adopt(job) {
  const lost = () => null;
  const content = job.content ? await pictureOf(job.content, "photograph").catch(lost) : null;
  const styles = await Promise.all(
    (job.styles ?? []).map((id, i) => pictureOf(id, `style ${i + 1}`).catch(lost)),
  );
  loadDraft(job, content, styles);
}

/** Back to the draft; the job goes on by itself. */
export function leaveJob() {
  opening += 1;
  close();
  store.set({ job: null, losses: [] });
  if (location.hash.startsWith("#/job/")) history.replaceState(null, "", "#/");
}

/** pause, resume, cancel or keep. */
export async function act(verb) {
  const { id } = state.job;
  try {
    const job = await api.act(id, verb);
    take(job);
    if (isActive(job) && !source) follow(id);
  } catch (error) {
    if (error.status === 409)
      refresh(id); // it ended a moment ago
    else complain(error);
  }
}

/** Wire what makes a line of events break and come back. */
export function startJobs() {
  const again = () => {
    if (state.job && isActive(state.job)) refresh(state.job.id);
  };
  connection.watch((online) => {
    store.set({ online });
    if (online) again();
    else close();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : again()));
  addEventListener("pagehide", close);
  if (channel) channel.onmessage = notifyWatchers;
}
