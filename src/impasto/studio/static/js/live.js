// Strength and mix of a painting that is under way: sent while the slider moves, newest first, without a restart.
import { complain } from "./a11y.js";
import { api } from "./api.js";
import { isActive, store } from "./state.js";

const PAUSE_MS = 150; // between two changes sent
const { state } = store;
let wanted = null;
let sending = false;

async function pump() {
  if (sending) return;
  sending = true;
  while (wanted) {
    const { id, values } = wanted;
    wanted = null;
    try {
      const job = await api.change(id, values);
      if (state.job?.id === id && !wanted)
        store.set({ job: { ...state.job, recipe: job.recipe ?? state.job.recipe } });
    } catch (error) {
      if (error.status !== 409) complain(error); // 409: it ended meanwhile
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  sending = false;
}

function changed(_, keys) {
  const { job } = state;
  if (!isActive(job) || (keys.has("job") && keys.has("styles"))) return; // just opened: these are its own values
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
  wanted = { id: job.id, values };
  pump();
}

/** Watch the two. */
export function startLive() {
  store.on(["look", "mix"], changed);
}
