// What the gallery does with pictures: rename, favourites, archives, the trash, and pictures brought back.
import { announce, complain, notify } from "./a11y.js";
import { api } from "./api.js";
import { saveAs } from "./dom.js";
import { bytes } from "./format.js";
import { adopt, jobsChanged, leaveJob } from "./job.js";
import { store } from "./state.js";

const { state } = store;

/** "1 picture", "3 pictures". */
export function count(n) {
  return n === 1 ? "1 picture" : `${n} pictures`;
}

/** Load a job's settings and pictures into the draft. */
export async function reuse(job) {
  try {
    const full = await api.job(job.id);
    leaveJob();
    await adopt(full);
    location.hash = "#/";
    announce("The settings are loaded. Change what you like, then paint.");
  } catch (error) {
    complain(error);
  }
}

/** Rename a job; an empty name becomes the names of its pictures. */
export async function rename(job, name) {
  try {
    const { name: stored } = await api.change(job.id, { name });
    announce(`Renamed to ${stored}.`);
  } catch (error) {
    complain(error);
  }
  jobsChanged();
}

/** Make jobs favourites, or no longer. */
export async function favourite(jobs, on) {
  try {
    for (const job of jobs) await api.change(job.id, { favourite: on });
    announce(on ? "Marked as favourite." : "No longer a favourite.");
  } catch (error) {
    complain(error);
  }
  jobsChanged();
}

async function restore(ids) {
  try {
    const restored = await api.restore(ids);
    announce(`Restored ${count(restored.ids.length)}.`);
  } catch (error) {
    complain(error);
  }
  jobsChanged();
}

/** Delete jobs; a notice offers to restore them. */
export async function remove(ids) {
  try {
    const { ids: deleted } = await api.trash(ids);
    if (deleted.includes(state.job?.id)) leaveJob();
    notify(`Deleted ${count(deleted.length)}.`, "info", {
      label: "Undo",
      onclick: () => restore(deleted),
    });
  } catch (error) {
    complain(error);
  }
  jobsChanged();
}

/** Download the pictures of jobs as one ZIP file. */
export async function downloadZip(ids, format, name) {
  try {
    const bundle = await api.bundle(ids, format, name);
    saveAs(bundle.url, `${name}.zip`);
    const without = ids.length - bundle.count;
    const left = without ? ` ${count(without)} not finished, so left out.` : "";
    notify(`Download of ${count(bundle.count)} (${bytes(bundle.bytes)}) started.${left}`);
  } catch (error) {
    complain(error);
  }
}

/** Put pictures that carry their recipe back in the gallery; those that do not are named. */
export async function importResults(files) {
  const refused = [];
  let added = 0;
  for (const [index, file] of files.entries()) {
    if (files.length > 2) announce(`Adding picture ${index + 1} of ${files.length}.`);
    try {
      await api.importResult(file);
      added += 1;
    } catch (error) {
      if (error.status === 0) break; // the banner says that the server is away
      refused.push(error.message);
    }
  }
  if (added) {
    notify(`Added ${count(added)} to the gallery.`);
    jobsChanged();
  }
  if (refused.length) {
    const more = refused.length > 1 ? ` ${refused.length - 1} more could not be added.` : "";
    notify(`${refused[0]}${more}`, "error");
  }
}
