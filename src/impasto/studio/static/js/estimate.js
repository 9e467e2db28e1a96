// Keeps the plan of the next painting up to date: its time and memory.
import { ApiError, api } from "./api.js";
import { clipRequest, isClip } from "./clip.js";
import { debounce } from "./dom.js";
import { hasStyle, jobRequest } from "./draft.js";
import { watchJobs } from "./job.js";
import { DRAFT_KEYS, store } from "./state.js";

const { state } = store;
const NO_PLAN = { status: "none", key: "", value: null, message: "" };
// Fields that change neither time nor memory; moving their sliders leaves the estimate as it is.
const FREE_FIELDS = ["strength", "colors", "mix", "seed"];
let controller = null;

/** Whether there is something to plan: instant styles are painted at once. */
function plannable() {
  const isQueued = !state.trained || isClip();
  return Boolean(state.content && hasStyle() && isQueued && state.online && state.info);
}

/** The request to the server that plans or queues the draft. */
export const orderOf = () => (isClip() ? clipRequest() : jobRequest());

function keyOf(request) {
  const recipe = { ...request.recipe };
  for (const field of FREE_FIELDS) delete recipe[field];
  return JSON.stringify({ ...request, recipe });
}

async function fetchPlan() {
  controller?.abort();
  controller = new AbortController();
  const { signal } = controller;
  const request = orderOf();
  const key = keyOf(request);
  const put = (values) => {
    if (!signal.aborted) store.set({ plan: { ...NO_PLAN, key, ...values } });
  };
  try {
    const value = await (isClip() ? api.planClip : api.plan)(request, signal);
    return put({ status: value.fits ? "ready" : "too-large", value });
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 0) return put({ status: "none", key: "" });
    return put({ status: "failed", message: error.message, value: { status: error.status } });
  }
}

const fetchSoon = debounce(fetchPlan, 250);

function changed() {
  if (!plannable()) {
    fetchSoon.cancel();
    controller?.abort();
    if (state.plan.status !== "none") store.set({ plan: NO_PLAN });
  } else if (!state.masksBusy && keyOf(orderOf()) !== state.plan.key) {
    // The old number belongs to another order: it goes at once, not when the new one arrives.
    controller?.abort();
    store.set({ plan: { ...NO_PLAN, status: "estimating" } });
    fetchSoon();
  }
}

/** Ask again for the same order, whose number stays until the answer: speed and free memory may have changed. */
function refresh() {
  if (plannable() && !document.hidden && !state.masksBusy) fetchSoon();
}

/** Resolve to the plan of the current order, fetched now if it is not known yet. */
export async function currentPlan() {
  if (state.plan.status === "estimating") {
    fetchSoon.cancel();
    await fetchPlan();
  }
  return state.plan;
}

/** Follow the draft, finished jobs, and the tab's visibility. */
export function startEstimate() {
  store.on([...DRAFT_KEYS, "info", "online", "maskIds", "masksBusy"], changed);
  watchJobs(refresh);
  document.addEventListener("visibilitychange", refresh);
  addEventListener("focus", refresh);
  changed();
}
