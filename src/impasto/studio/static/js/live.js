// Changes of strength and mix of a running job, sent while the slider moves; only the newest is sent.
import { complain } from "./a11y.js";
import { api } from "./api.js";
import { isActive, store } from "./state.js";

const INTERVAL_MS = 150; // between two changes
const { state } = store;
let pending = null;
let sending = false;

async function sendPending() {
  if (sending) return;
  sending = true;
  while (pending) {
    const { id, values } = pending;
    pending = null;
    try {
      const job = await api.change(id, values);
      if (state.job?.id === id && !pending)
        store.set({ job: { ...state.job, recipe: job.recipe ?? state.job.recipe } });
    } catch (error) {
      if (error.status !== 409) complain(error); // 409: the job has ended
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
  sending = false;
}

function changed(_, keys) {
  const { job } = state;
  if (!isActive(job) || job.clip || (keys.has("job") && keys.has("styles"))) return; // just opened: these are the job's own values
  const values = {};
  if (state.look.strength !== job.recipe.strength) values.strength = state.look.strength;
  const sameStyles =
    job.styles.length === state.styles.length &&
    job.styles.every((id, i) => id === state.styles[i].id);
  const near = (job.recipe.mix ?? []).every(
    (weight, i) => Math.abs(weight - (state.mix[i] ?? 0)) < 1e-3,
  );
  if (sameStyles && state.styles.length > 1 && !near) values.mix = state.mix;
  if (!Object.keys(values).length) return;
  pending = { id: job.id, values };
  sendPending();
}

/** Follow changes of strength and mix. */
export function startLive() {
  store.on(["look", "mix"], changed);
}
