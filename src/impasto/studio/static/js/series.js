// Several photographs with one look: a strip of pictures, a job for each, and the progress of the whole.
import { announce, complain, notify } from "./a11y.js";
import { api } from "./api.js";
import { jobRequest, onePassRequest, onePassSize, setContent } from "./draft.js";
import { listed } from "./format.js";
import { jobsChanged, leaveJob, openJob, watchJobs } from "./job.js";
import { readStored, SERIES_KEY, writeStored } from "./persist.js";
import { isActive, store } from "./state.js";
import { createStore } from "./store.js";

const POLL_MS = 1500;
const RETRY_MS = 2000; // before the queue is asked again whether it has room
const MAX_PHOTOS = 100;

const { state } = store;
// Items are {picture, job, look, state, share}: `look` is the request that the job paints, `state` that of the job,
// "waiting" before it is queued, or "" without one.
export const series = createStore({ items: [], busy: "" });
let startedAt = 0;
let stopping = false;
let started = false;

/** The largest number of photographs. */
export function maxPhotos() {
  return Math.min(MAX_PHOTOS, state.info?.limits?.queue ?? MAX_PHOTOS);
}

function setItem(id, values) {
  series.set({
    items: series.state.items.map((item) =>
      item.picture.id === id ? { ...item, ...values } : item,
    ),
  });
}

const fresh = (picture) => ({ picture, job: null, look: "", state: "", share: 0 });

/** Add photographs to the strip; return how many had no place. The photo of the draft becomes the first. */
export function addPhotos(pictures) {
  const { items } = series.state;
  const first = items.length || !state.content || state.content.clip ? [] : [state.content];
  const known = new Set(items.map((item) => item.picture.id));
  const added = [...first, ...pictures].filter(
    ({ id }, i, all) => !known.has(id) && all.findIndex((other) => other.id === id) === i,
  );
  const all = [...items, ...added.map(fresh)];
  series.set({ items: all.slice(0, maxPhotos()) });
  if (!state.content && all.length) setContent(all[0].picture);
  return Math.max(0, all.length - maxPhotos());
}

/** Remove a photograph from the strip; its job, if any, stays in the gallery. */
export function removePhoto(id) {
  const items = series.state.items.filter((item) => item.picture.id !== id);
  series.set({ items: items.length > 1 ? items : [] });
  if (state.content?.id === id && items.length) setContent(items[0].picture);
}

/** Close the strip; photo and look stay. */
export function closeSeries() {
  series.set({ items: [] });
}

/** The request for one photograph. Masks are left out: they fit only the photograph they were painted on. */
function requestFor(picture) {
  if (state.trained)
    return { ...onePassRequest(picture), ...onePassSize(), masks: null, protect: null };
  return { ...jobRequest({ masks: null, protect: null }), content: picture.id, guides: {} };
}

/** What identifies the look of a photograph: its request. */
const lookOf = (picture) => JSON.stringify(requestFor(picture));

/** Show a photograph: its finished picture if that has the present look, else the preview. */
export async function showPhoto(item) {
  let job = null;
  try {
    if (item.state === "done" && item.look === lookOf(item.picture)) job = await api.job(item.job);
  } catch (error) {
    if (error.status !== 404) complain(error); // 404: deleted in the gallery
  }
  if (state.job) leaveJob();
  setContent(item.picture);
  if (!job) return;
  openJob(job.id, job); // given the job, the draft stays as it is
  history.pushState(null, "", `#/job/${job.id}`);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Start one job; while the queue is full or the server busy, try again. */
async function start(request) {
  for (;;) {
    try {
      return state.trained ? await api.keep(request) : await api.start(request);
    } catch (error) {
      if (error.status !== 429 || stopping) throw error;
      await pause(RETRY_MS);
    }
  }
}

async function startItem(item) {
  const request = requestFor(item.picture);
  setItem(item.picture.id, { state: state.trained ? "running" : "waiting" });
  let job = await start(request);
  // Stop was pressed while the server queued it.
  if (stopping && isActive(job)) job = await api.act(job.id, "cancel");
  setItem(item.picture.id, { job: job.id, look: JSON.stringify(request), ...progress(job) });
}

/** Whether a photograph has, or will have, a picture with the present look. */
function isPainted(item) {
  return item.look === lookOf(item.picture) && ["done", "queued", "running"].includes(item.state);
}

/** Paint every photograph that has no picture with the present look. */
export async function paintAll() {
  if (series.state.busy) return;
  stopping = false;
  startedAt = performance.now();
  const failed = [];
  const todo = series.state.items.filter((item) => !isPainted(item));
  if (!todo.length) {
    notify("All photographs are painted with this look.");
    return;
  }
  series.set({ busy: "painting" });
  for (const item of todo) setItem(item.picture.id, { state: "waiting", share: 0, job: null });
  for (const item of todo) {
    if (stopping) break;
    try {
      await startItem(item);
    } catch (error) {
      if (stopping) {
        setItem(item.picture.id, { state: "" }); // it waited for room in the queue
        break;
      }
      setItem(item.picture.id, { state: "failed" });
      if (error.status === 0) break; // the banner says that the server is away
      failed.push(`${item.picture.name}: ${error.message}`);
    }
  }
  for (const item of series.state.items)
    if (item.state === "waiting") setItem(item.picture.id, { state: "" });
  series.set({ busy: "" });
  jobsChanged();
  if (failed.length) notify(listed(failed), "error");
}

/** Cancel what is not finished; finished pictures stay. */
export async function stopAll() {
  stopping = true;
  for (const item of series.state.items.filter(({ state: s }) => ACTIVE.has(s))) {
    try {
      if (item.job) await api.act(item.job, "cancel");
    } catch (error) {
      if (error.status !== 409) complain(error); // 409: it has just ended
    }
  }
  jobsChanged();
  await poll();
  announce("Stopped. Finished pictures stay.");
}

const ACTIVE = new Set(["queued", "running", "paused", "waiting"]);

function progress(job) {
  const share = job.state === "done" ? 1 : (job.step ?? 0) / Math.max(1, job.steps ?? 1);
  return { state: job.state, share };
}

/** The progress of the whole: {total, done, active, share, left (seconds, null if unknown)}. */
export function seriesProgress() {
  const { items } = series.state;
  const part = items.filter((item) => item.state);
  const share = part.reduce((sum, item) => sum + item.share, 0) / Math.max(1, part.length);
  const active = part.some((item) => ACTIVE.has(item.state));
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    total: items.length,
    done: items.filter((item) => item.state === "done").length,
    active,
    share,
    left: active && startedAt && share > 0.02 ? (seconds * (1 - share)) / share : null,
  };
}

/** Ids of the finished pictures. */
export function finishedJobs() {
  return series.state.items
    .filter((item) => item.job && item.state === "done")
    .map(({ job }) => job);
}

async function poll() {
  const wanted = new Set(series.state.items.map((item) => item.job).filter(Boolean));
  if (!wanted.size || document.hidden || !state.online) return;
  try {
    const jobs = new Map((await api.jobs(null, 200)).jobs.map((job) => [job.id, job]));
    const before = seriesProgress();
    series.set({
      items: series.state.items.map((item) => {
        const job = jobs.get(item.job);
        return job ? { ...item, ...progress(job) } : item;
      }),
    });
    const after = seriesProgress();
    if (before.active && !after.active && !series.state.busy)
      announce(`${after.done} of ${after.total} photographs are painted.`);
  } catch {
    /* the banner shows when the server is away */
  }
}

/** Restore the strip of this tab, keep it, and follow its jobs. */
export function startSeries() {
  if (started) return;
  started = true;
  const stored = readStored(sessionStorage, SERIES_KEY);
  if (Array.isArray(stored)) {
    const items = stored.filter((item) => item?.picture?.id);
    series.set({
      items: items.map((item) => ({
        ...item,
        state: item.job && item.state !== "waiting" ? item.state : "",
      })),
    });
  }
  series.on(["items"], () => writeStored(sessionStorage, SERIES_KEY, series.state.items));
  watchJobs(poll);
  setInterval(() => {
    if (series.state.items.some((item) => item.job && isActive(item))) poll();
  }, POLL_MS);
  store.on(["online"], poll);
}
