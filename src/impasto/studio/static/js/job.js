// The job on the stage: its events update the state. This module does not draw.
import { announce, complain } from "./a11y.js";
import { api } from "./api.js";
import { clipOf } from "./clip.js";
import { connection } from "./connection.js";
import { loadDraft } from "./draft.js";
import { wasRestoredFor } from "./persist.js";
import { pictureOf } from "./pictures.js";
import { isActive, store } from "./state.js";

const { state } = store;
const MAX_POINTS = 2000;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("impasto.jobs") : null;
const jobWatchers = new Set();
let source = null;
let opening = 0;

/** Call `fn` when a job started, ended or was deleted, in this tab or another. */
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

function applyJob(job) {
  if (!state.job || state.job.id !== job.id) return;
  const before = state.job.state;
  store.set({ job: { ...state.job, ...job } });
  if (before === job.state) return;
  const messages = {
    running: "Painting.",
    paused: job.error ? `Paused. ${job.error}` : "Paused.",
    done: `The ${job.clip ? "clip" : "picture"} is finished.`,
    stopped: "Stopped.",
    failed: `Painting failed. ${job.error ?? ""}`,
  };
  if (messages[job.state]) announce(messages[job.state]);
  if (before !== "paused" && job.state !== "paused") jobsChanged();
}

function applyStep(data) {
  if (!state.job) return;
  const { losses } = state;
  const last = losses[losses.length - 1];
  if (Number.isFinite(data.loss) && (!last || data.step > last[0])) {
    const next = [...losses, [data.step, data.loss]];
    // The curve is a few hundred pixels wide: with thousands of points, every second one is enough.
    store.set({ losses: next.length > MAX_POINTS ? next.filter((_, i) => i % 2 === 1) : next });
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
  if (document.hidden) return; // browsers allow six connections per host, so a hidden tab uses none
  source = new EventSource(api.eventsUrl(id));
  const on = (name, fn) => source.addEventListener(name, (event) => fn(JSON.parse(event.data)));
  on("state", (job) => {
    applyJob(job);
    if (!isActive(job)) close();
  });
  on("step", applyStep);
  on("preview", ({ url }) => {
    if (state.job?.id === id) store.set({ job: { ...state.job, preview: url } });
  });
  on("done", (job) => {
    close();
    if (job?.id) applyJob(job);
    else refresh(id);
  });
  source.onerror = () => {
    // The browser reconnects after a lost connection. Only an error response closes the source: then fetch the job.
    if (source && source.readyState === EventSource.CLOSED) {
      close();
      refresh(id);
    } else {
      api.info().catch(() => {}); // finds out whether the server responds, which controls the banner
    }
  };
}

async function refresh(id) {
  try {
    const job = await api.job(id);
    if (state.job?.id !== id) return;
    applyJob(job);
    if (isActive(job)) follow(id);
  } catch (error) {
    if (error.status === 404) leaveJob();
    else complain(error);
  }
}

/** Show a job. `fresh` is a job that was just started from this draft, which then stays as it is. */
export async function openJob(id, fresh = null) {
  const thisOpening = ++opening;
  if (state.job?.id === id) return;
  try {
    const job = fresh ?? (await api.job(id));
    if (thisOpening !== opening) return;
    const pictures = fresh || wasRestoredFor(id) ? null : await picturesOf(job);
    if (thisOpening !== opening) return;
    close();
    // Job and draft change together: the new draft alone would change or end the job that was shown before.
    if (pictures) loadDraft(job, ...pictures);
    store.set({ job, losses: job.losses ?? [], brushing: false, trouble: "" });
    if (isActive(job)) follow(id);
  } catch (error) {
    complain(error);
    if (error.status === 404) location.replace("#/");
  }
}

/** Return content and styles of a job as pictures; those that no longer exist are null. */
async function picturesOf(job) {
  const missing = () => null;
  const open = job.clip ? clipOf : pictureOf;
  const content = job.content ? await open(job.content, "photo").catch(missing) : null;
  const styles = await Promise.all(
    (job.styles ?? []).map((id, i) => pictureOf(id, `style ${i + 1}`).catch(missing)),
  );
  return [content, styles];
}

/** Load a job's settings and pictures into the draft. */
export async function adopt(job) {
  loadDraft(job, ...(await picturesOf(job)));
}

/** Return to the draft; the job continues in the background. */
export function leaveJob() {
  opening += 1;
  close();
  store.set({ job: null, losses: [] });
  if (location.hash.startsWith("#/job/")) history.replaceState(null, "", "#/");
}

/** Send "pause", "resume", "cancel" or "keep" for the current job. */
export async function act(verb) {
  const { id } = state.job;
  try {
    const job = await api.act(id, verb);
    applyJob(job);
    if (isActive(job) && !source) follow(id);
  } catch (error) {
    if (error.status === 409) await refresh(id); // the job may just have ended
    if (error.status !== 409 || (state.job?.id === id && isActive(state.job))) complain(error);
  }
}

/** Set up reconnecting when the network or the tab's visibility changes. */
export function startJobs() {
  const reconnect = () => {
    if (state.job && isActive(state.job)) refresh(state.job.id);
  };
  connection.watch((online) => {
    store.set({ online });
    if (online) reconnect();
    else close();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : reconnect()));
  addEventListener("pagehide", close);
  if (channel) channel.onmessage = notifyWatchers;
}
