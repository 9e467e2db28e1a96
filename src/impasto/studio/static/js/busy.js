// The chip in the header: what is being painted while one looks at something else.
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
  chip.href = `#/job/${others[others.length - 1].id}`; // the list is newest first; the oldest is the one at work
  chip.textContent =
    others.length === 1 ? "1 painting under way" : `${others.length} paintings under way`;
}

async function look() {
  if (document.hidden || !state.online) return;
  try {
    active = (await api.jobs(null, 24)).jobs.filter(isActive);
    render();
  } catch {
    /* the banner tells when the server is away; a chip need not */
  }
}

/** Look now and then, more often while there is something to see. */
export function startBusy() {
  watchJobs(look);
  document.addEventListener("visibilitychange", look);
  store.on(["job", "room"], render);
  store.on(["online"], look);
  setInterval(() => {
    if (active.length) look();
  }, 4000);
  look();
}
