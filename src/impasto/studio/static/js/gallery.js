// The gallery: all paintings, newest first, to open, reuse, download or delete.
import { announce, ask, complain } from "./a11y.js";
import { api } from "./api.js";
import { byId, el, icon, show } from "./dom.js";
import { decimal, moment, percent, size } from "./format.js";
import { adopt, jobsChanged, leaveJob, watchJobs } from "./job.js";
import { jobFileName } from "./pictures.js";
import { isActive, store } from "./state.js";

const { state } = store;
const cards = new Map(); // id -> {node, key}
let jobs = [];
let next = null;

const STATES = {
  queued: "Queued",
  running: "Painting",
  paused: "Paused",
  done: "",
  stopped: "Stopped early",
  failed: "Failed",
};

function stateText(job) {
  if (job.state === "running" && job.steps)
    return `Painting, ${percent((job.step ?? 0) / job.steps)}`;
  if (job.state === "stopped" && !job.has_picture) return "Cancelled";
  return STATES[job.state] ?? job.state;
}

async function reuse(job) {
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

async function deleteJob(job) {
  const answer = await ask(
    "Delete this painting?",
    "The picture and its settings will be removed from the gallery.",
    [
      { label: "Cancel", value: "cancel" },
      { label: "Delete", value: "delete", primary: true },
    ],
  );
  if (answer !== "delete") return;
  try {
    await api.deleteJob(job.id);
    if (state.job?.id === job.id) leaveJob();
    jobs = jobs.filter((other) => other.id !== job.id);
    render();
    byId("h-gallery").focus();
    jobsChanged();
  } catch (error) {
    complain(error);
  }
}

function facts(job) {
  const { recipe } = job;
  return [size(job.scale) || `${recipe.size} px`, `strength ${decimal(recipe.strength)}`]
    .filter(Boolean)
    .join(" · ");
}

function action(label, iconName, onclick) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick },
    icon(iconName),
  );
}

function cardPicture(job) {
  if (job.has_picture)
    return el("img", { src: api.resultUrl(job.id, "webp", 512), alt: "", loading: "lazy" });
  if (!job.content) return null;
  const src = api.pictureUrl(job.content, 512);
  return el("img", { src, alt: "", loading: "lazy", class: "pending" });
}

function cardFoot(job, when) {
  const styles = (job.styles ?? []).map((id) =>
    el("img", { src: api.pictureUrl(id, 64), alt: "", loading: "lazy" }),
  );
  const download = {
    class: "icon-button",
    href: api.resultUrl(job.id, "png"),
    download: jobFileName(job, "png"),
    "aria-label": "Download as PNG",
    title: "Download as PNG",
  };
  return el(
    "div",
    { class: "card-foot" },
    el("div", { class: "card-styles", "aria-hidden": "true" }, ...styles),
    el(
      "p",
      { class: "card-words" },
      el("span", { text: when }),
      el("span", { class: "fine", text: facts(job) }),
    ),
    el(
      "div",
      { class: "card-buttons" },
      action("Reuse settings", "again", () => reuse(job)),
      job.has_picture && el("a", download, icon("download")),
      action("Delete", "trash", () => deleteJob(job)),
    ),
  );
}

function card(job) {
  const when = moment(job.created);
  const status = stateText(job);
  return el(
    "li",
    { class: "card", data: { id: job.id, state: job.state } },
    el(
      "a",
      {
        class: "card-picture",
        href: `#/job/${job.id}`,
        "aria-label": `Painting of ${when}${status ? `, ${status}` : ""}`,
      },
      cardPicture(job),
      status && el("span", { class: "card-state", text: status }),
    ),
    cardFoot(job, when),
  );
}

function render() {
  show(byId("gallery-empty"), !jobs.length);
  show(byId("gallery-more"), Boolean(next));
  const ids = new Set(jobs.map((job) => job.id));
  for (const [id, { node }] of cards) {
    if (!ids.has(id)) {
      node.remove();
      cards.delete(id);
    }
  }
  let previous = null;
  for (const job of jobs) {
    const key = JSON.stringify([job.state, job.has_picture, job.step, job.scale]);
    let entry = cards.get(job.id);
    if (!entry || entry.key !== key) {
      // A card that has the keyboard focus is replaced only after the focus has left it.
      if (entry?.node.contains(document.activeElement)) entry.key = "";
      else {
        const node = card(job);
        entry?.node.replaceWith(node);
        entry = { node, key };
        cards.set(job.id, entry);
      }
    }
    const place = previous ? previous.nextSibling : byId("cards").firstChild;
    if (entry.node !== place) byId("cards").insertBefore(entry.node, place);
    previous = entry.node;
  }
}

/** Fetch the newest page again; older pages stay. */
async function refresh() {
  try {
    const page = await api.jobs(null);
    const fresh = new Set(page.jobs.map((job) => job.id));
    const oldest = page.jobs[page.jobs.length - 1];
    const cut = jobs.findIndex((job) => job.id === oldest?.id);
    const older =
      cut >= 0 && page.next ? jobs.slice(cut + 1).filter((job) => !fresh.has(job.id)) : [];
    if (!older.length) next = page.next;
    jobs = [...page.jobs, ...older];
    render();
  } catch (error) {
    complain(error);
  }
}

async function more() {
  try {
    const page = await api.jobs(next);
    const have = new Set(jobs.map((job) => job.id));
    jobs = [...jobs, ...page.jobs.filter((job) => !have.has(job.id))];
    next = page.next;
    render();
  } catch (error) {
    complain(error);
  }
}

/** Set up the gallery. It is fetched when it opens, and every two seconds while a job is active. */
export function startGallery() {
  const open = () => state.room === "gallery" && !document.hidden;
  byId("gallery-more").addEventListener("click", more);
  store.on(["room", "online"], () => {
    if (open() && state.online) refresh();
  });
  watchJobs(() => {
    if (open()) refresh();
  });
  setInterval(() => {
    if (open() && state.online && jobs.some(isActive)) refresh();
  }, 2000);
}
