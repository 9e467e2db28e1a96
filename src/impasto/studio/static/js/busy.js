// The link in the header to paintings that run in the background.
import { api } from "./api.js";
import { byId, show } from "./dom.js";
import { watchJobs } from "./job.js";
import { isActive, store } from "./state.js";

const { state } = store;
let active = [];

function render() {
  const chip = byId("busy");
  const others = active.filter((job) => job.id !== state.job?.id || state.room !== "studio");
  show(chip, others.length > 0);
  if (!others.length) return;
  chip.href = `#/job/${others[others.length - 1].id}`; // jobs are sorted newest first; the oldest one is running
  chip.textContent =
    others.length === 1 ? "1 painting in progress" : `${others.length} paintings in progress`;
}

async function poll() {
  if (document.hidden || !state.online) return;
  try {
    active = (await api.jobs(null, 24)).jobs.filter(isActive);
    render();
  } catch {
    /* the banner shows when the server is away */
  }
}

/** Poll for active jobs, every four seconds while there are any. */
export function startBusy() {
  watchJobs(poll);
  document.addEventListener("visibilitychange", poll);
  store.on(["job", "room"], render);
  store.on(["online"], poll);
  setInterval(() => {
    if (active.length) poll();
  }, 4000);
  poll();
}
