// The estimate of time and memory, and the Paint button.
import { complain } from "./a11y.js";
import { ApiError, api } from "./api.js";
import { byId, debounce, el } from "./dom.js";
import { hasStyle, jobRequest } from "./draft.js";
import { outputSize } from "./finish.js";
import { bytes, duration } from "./format.js";
import { saveOnePass } from "./keep.js";
import { masksReady } from "./mask_upload.js";
import { DRAFT_KEYS, store } from "./state.js";

const { state } = store;
const line = byId("estimate");
const button = byId("paint");
let controller = null;
let starting = false;

function ready() {
  return Boolean(state.content && hasStyle() && state.online);
}

function setText(text, kind = "", more = "") {
  line.replaceChildren(text, more && el("small", { text: more }));
  line.dataset.kind = kind;
}

function describe(plan) {
  if (plan.fits)
    return setText(`About ${duration(plan.seconds)}`, "", `${bytes(plan.memory_bytes)} of memory`);
  return setText(
    `Needs ${bytes(plan.memory_bytes)} of memory, more than is available. Choose a smaller size.`,
    "warning",
  );
}

const estimate = debounce(async () => {
  controller?.abort();
  controller = new AbortController();
  try {
    describe(await api.plan(jobRequest(), controller.signal));
    button.disabled = !ready();
  } catch (error) {
    if (error.name === "AbortError" || error.status === 0) return;
    if (!(error instanceof ApiError)) throw error;
    setText(error.message, "error");
    button.disabled = error.status === 422; // the server would reject it again
  }
}, 250);

function changed() {
  button.disabled = !ready() || starting;
  button.textContent = state.trained ? "Save picture" : "Paint";
  if (!ready() || state.trained) {
    estimate.cancel();
    controller?.abort();
  }
  if (!state.content || !hasStyle()) {
    setText(state.content ? "Choose a style to start." : "");
  } else if (state.trained) {
    setText("Ready to save", "", "PNG with its settings inside");
  } else if (!state.masksBusy) {
    estimate();
  }
}

async function paint(open) {
  starting = true;
  button.disabled = true;
  try {
    await masksReady();
    if (state.trained) await saveOnePass();
    else open(await api.start(jobRequest()));
  } catch (error) {
    complain(error);
  } finally {
    starting = false;
    changed();
  }
}

/** Keep the estimate up to date; `open(job)` shows a job that was just started. */
export function startEstimate(open) {
  button.addEventListener("click", () => paint(open));
  store.on([...DRAFT_KEYS, "info", "online", "maskIds"], changed);
  changed();
}

/** The size that the picture on the stage has or will have. */
export function stageSize() {
  return state.content ? outputSize(state.content, state.size) : null;
}
