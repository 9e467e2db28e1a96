// The foot of the panel while a painting is on the stage: how far it is, and what one can do with it.
import { announce, complain } from "./a11y.js";
import { api } from "./api.js";
import { curve } from "./curve.js";
import { byId, el, icon, saveAs, show } from "./dom.js";
import { paintingName } from "./draft.js";
import { duration, percent, size } from "./format.js";
import { act, leaveJob } from "./job.js";
import { isActive, store } from "./state.js";

const { state } = store;
const loss = curve();
const FORMATS = [
  ["png", "PNG, exact"],
  ["jpeg", "JPEG, small"],
  ["webp", "WebP, smallest"],
];

function button(words, iconName, onclick, kind = "") {
  return el(
    "button",
    { type: "button", class: `button ${kind}`, onclick },
    iconName && icon(iconName),
    el("span", { text: words }),
  );
}

const buttons = {
  pause: button("Pause", "pause", () => act("pause")),
  resume: button("Go on", "play", () => act("resume"), "primary"),
  keep: button("Keep as it is", "", () => act("keep")),
  cancel: button("Cancel", "", () => act("cancel")),
  again: button("Paint again", "again", () => {
    backToDraft();
    announce("Change what you like, then paint again.");
  }),
};
const format = el(
  "select",
  { id: "format", "aria-label": "File format" },
  ...FORMATS.map(([value, text]) => el("option", { value, text })),
);
const download = button("Download", "download", () => save(), "primary");
const bar = el(
  "div",
  {
    class: "progress",
    role: "progressbar",
    "aria-label": "Painting",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
  },
  el("span"),
);
const title = el("p", { class: "run-title", tabindex: "-1" });
const about = el("p", { class: "run-about" });
const live = el(
  "p",
  { class: "fine" },
  "Strength and mix take effect at once; other changes wait for the next painting. ",
  el("button", {
    type: "button",
    class: "link",
    text: "Begin another meanwhile",
    onclick: () => backToDraft(),
  }),
);

function backToDraft() {
  leaveJob();
  byId("panel").focus(); // the pressed button goes away with the job
}

async function save() {
  try {
    // A link alone would show nothing when the server is away; asking first turns that into a sentence.
    await api.job(state.job.id);
  } catch (error) {
    return complain(error);
  }
  saveAs(
    api.resultUrl(state.job.id, format.value),
    paintingName(format.value === "jpeg" ? "jpg" : format.value),
  );
  return announce("Download started; the recipe is inside the picture.");
}

const TITLES = {
  queued: (job) => (job.position > 1 ? `Number ${job.position} in line` : "Next in line"),
  running: (job) =>
    job.step ? `Painting, ${percent(job.step / Math.max(1, job.steps))}` : "Getting ready",
  paused: () => "Paused",
  done: () => "Finished",
  stopped: (job) => (job.has_picture ? "Stopped, kept as it was" : "Cancelled"),
  failed: () => "Painting failed",
};

function describe(job) {
  if (job.state === "failed") return job.error ?? "The server gave no reason.";
  const parts = [];
  if (isActive(job) && job.step) parts.push(`step ${job.step} of ${job.steps}`);
  if (job.scale) parts.push(size(job.scale));
  if (job.state === "running" && job.seconds_left) parts.push(`${duration(job.seconds_left)} left`);
  return parts.join(" · ");
}

function which(job) {
  if (job.state === "queued") return ["cancel"];
  if (job.state === "running") return ["pause", ...(job.step ? ["keep"] : []), "cancel"];
  if (job.state === "paused") return ["resume", "keep", "cancel"];
  return ["again"];
}

function render() {
  const { job } = state;
  show(byId("run"), Boolean(job));
  show(byId("start"), !job);
  if (!job) return;
  title.textContent = TITLES[job.state]?.(job) ?? job.state;
  about.textContent = describe(job);
  const share = job.state === "done" ? 1 : (job.step ?? 0) / Math.max(1, job.steps ?? 1);
  bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  bar.firstChild.style.transform = `scaleX(${share})`;
  bar.dataset.state = job.state;
  show(bar, isActive(job));
  show(live, isActive(job));
  loss.node.toggleAttribute("hidden", !isActive(job) || state.losses.length < 2);
  const wanted = which(job);
  for (const [name, node] of Object.entries(buttons)) {
    const had = node === document.activeElement;
    show(node, wanted.includes(name));
    if (had && node.hidden) buttons[wanted[0]].focus(); // the focus must not fall off the page
  }
  show(download.parentElement, Boolean(job.has_picture));
}

/** Put the focus here when Paint, which had it, gives way to this panel. */
export async function focusRun() {
  await Promise.resolve(); // the state's listeners run first
  title.focus(); // not a button: a second Enter must not pause or cancel
}

/** Build the panel once and keep it in step with the job. */
export function startRunPanel() {
  const saving = el("div", { class: "run-save" }, download, format);
  byId("run").replaceChildren(
    el("div", { class: "run-head" }, title, about),
    bar,
    loss.node,
    saving,
    el("div", { class: "run-buttons" }, ...Object.values(buttons)),
    live,
  );
  store.on(["job", "losses"], () => {
    render();
    if (isActive(state.job)) loss.set(state.losses, state.job.steps ?? 1);
  });
  render();
}
