// All paintings, newest first: look, open, paint again with changes, download, throw away.
import { announce, ask, complain } from "./a11y.js";
import { api } from "./api.js";
import { byId, el, icon, show } from "./dom.js";
import { decimal, moment, percent, size } from "./format.js";
import { adopt, jobsChanged, leaveJob, watchJobs } from "./job.js";
import { isActive, store } from "./state.js";

const { state } = store;
const cards = new Map(); // id -> {node, key}
let jobs = [];
let next = null;

const STATES = {
  queued: "Waiting",
  running: "Painting",
  paused: "Paused",
  done: "",
  stopped: "Kept early",
  failed: "Failed",
};

function stateWords(job) {
  if (job.state === "running" && job.steps)
    return `Painting, ${percent((job.step ?? 0) / job.steps)}`;
  if (job.state === "stopped" && !job.has_picture) return "Cancelled";
  return STATES[job.state] ?? job.state;
}

async function again(job) {
  try {
    const full = await api.job(job.id);
    leaveJob();
    await adopt(full);
    location.hash = "#/";
    announce("The settings are back. Change what you like, then paint.");
  } catch (error) {
    complain(error);
  }
}

async function forget(job) {
  const answer = await ask(
    "Throw this painting away?",
    "The picture and its settings will be gone from the gallery.",
    [
      { label: "Keep it", value: "keep" },
      { label: "Throw away", value: "yes", primary: true },
    ],
  );
  if (answer !== "yes") return;
  try {
    await api.forget(job.id);
    if (state.job?.id === job.id) leaveJob();
    jobs = jobs.filter((one) => one.id !== job.id);
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

function action(words, iconName, onclick) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": words, title: words, onclick },
    icon(iconName),
  );
}

function card(job) {
  const when = moment(job.created);
  const words = stateWords(job);
  const picture = job.has_picture
    ? el("img", { src: api.resultUrl(job.id, "webp", 512), alt: "", loading: "lazy" })
    : job.content &&
      el("img", {
        src: api.pictureUrl(job.content, 512),
        alt: "",
        loading: "lazy",
        class: "pending",
      });
  return el(
    "li",
    { class: "card", data: { id: job.id, state: job.state } },
    el(
      "a",
      {
        class: "card-picture",
        href: `#/job/${job.id}`,
        "aria-label": `Painting of ${when}${words ? `, ${words}` : ""}`,
      },
      picture,
      words && el("span", { class: "card-state", text: words }),
    ),
    el(
      "div",
      { class: "card-foot" },
      el(
        "div",
        { class: "card-styles", "aria-hidden": "true" },
        ...(job.styles ?? []).map((id) =>
          el("img", { src: api.pictureUrl(id, 64), alt: "", loading: "lazy" }),
        ),
      ),
      el(
        "p",
        { class: "card-words" },
        el("span", { text: when }),
        el("span", { class: "fine", text: facts(job) }),
      ),
      el(
        "div",
        { class: "card-buttons" },
        action("Again with changes", "again", () => again(job)),
        job.has_picture &&
          el(
            "a",
            {
              class: "icon-button",
              href: api.resultUrl(job.id, "png"),
              download: `impasto-${job.id}.png`,
              "aria-label": "Download as PNG",
              title: "Download as PNG",
            },
            icon("download"),
          ),
        action("Throw away", "trash", () => forget(job)),
      ),
    ),
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
    let held = cards.get(job.id);
    if (!held || held.key !== key) {
      // A card under the keyboard's focus stays until the focus has left it.
      if (held?.node.contains(document.activeElement)) held.key = "";
      else {
        const node = card(job);
        held?.node.replaceWith(node);
        held = { node, key };
        cards.set(job.id, held);
      }
    }
    const place = previous ? previous.nextSibling : byId("cards").firstChild;
    if (held.node !== place) byId("cards").insertBefore(held.node, place);
    previous = held.node;
  }
}

/** Fetch the newest page anew; older ones that were shown stay. */
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

/** Wire the room; it is fetched when it is entered, and while it is open as long as something is being painted. */
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
