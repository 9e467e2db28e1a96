// The panel of the current job: progress, buttons and download.
import { announce, complain } from "./a11y.js";
import { api } from "./api.js";
import { curve } from "./curve.js";
import { byId, el, icon, saveAs, show } from "./dom.js";
import { decimal, duration, percent, size } from "./format.js";
import { act, leaveJob } from "./job.js";
import { jobFileName } from "./pictures.js";
import { isActive, store } from "./state.js";

const { state } = store;
const loss = curve();
const FORMATS = [
  ["png", "PNG, lossless"],
  ["jpeg", "JPEG, small"],
  ["webp", "WebP, smallest"],
  ["tiff", "TIFF, for print"],
];
const SUFFIXES = { jpeg: "jpg", tiff: "tif" };

function button(label, iconName, onclick, kind = "") {
  return el(
    "button",
    { type: "button", class: `button ${kind}`, onclick },
    iconName && icon(iconName),
    el("span", { text: label }),
  );
}

const buttons = {
  pause: button("Pause", "pause", () => act("pause")),
  resume: button("Resume", "play", () => act("resume"), "primary"),
  keep: button("Stop and keep", "", () => act("keep")),
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
  el("span", {
    text: "Strength and mix change the running painting; other changes apply to the next one. ",
  }),
  el("button", {
    type: "button",
    class: "link",
    text: "Start another painting",
    onclick: () => backToDraft(),
  }),
);

function backToDraft() {
  leaveJob();
  byId("panel").focus(); // the pressed button disappears with the job
}

async function save() {
  try {
    // A link shows no error when the server is away; this request does.
    await api.job(state.job.id);
  } catch (error) {
    return complain(error);
  }
  if (state.job.clip) {
    saveAs(api.clipUrl(state.job.id), jobFileName(state.job, state.job.clip.format));
    return announce("Download started.");
  }
  saveAs(
    api.resultUrl(state.job.id, format.value),
    jobFileName(state.job, SUFFIXES[format.value] ?? format.value),
  );
  return announce("Download started. The settings are inside the picture.");
}

const TITLES = {
  queued: (job) => (job.position > 1 ? `Number ${job.position} in the queue` : "Next in the queue"),
  running: (job) =>
    job.step && job.step === job.steps && job.clip
      ? "Putting the clip together"
      : job.step
        ? `Painting, ${percent(job.step / Math.max(1, job.steps))}`
        : "Preparing",
  paused: () => "Paused",
  done: () => "Finished",
  stopped: (job) =>
    job.has_picture ? `Stopped, ${job.clip ? "clip" : "picture"} kept` : "Cancelled",
  failed: () => "Painting failed",
};

function describe(job) {
  if (job.state === "failed") return job.error ?? "The server gave no reason.";
  if (job.state === "paused" && job.error) return job.error;
  const parts = [];
  if (job.clip && isActive(job) && job.step)
    parts.push(`frame ${job.step}${job.steps ? ` of ${job.steps}` : ""}`);
  else if (isActive(job) && job.step) parts.push(`step ${job.step} of ${job.steps}`);
  if (job.scale) parts.push(size(job.scale));
  if (job.state === "running" && job.speed) parts.push(`${decimal(job.speed)} frames a second`);
  if (job.state === "running" && job.seconds_left) parts.push(`${duration(job.seconds_left)} left`);
  else if (isActive(job) && !job.step && job.expected)
    parts.push(`about ${duration(job.expected)}`);
  return parts.join(" · ");
}

function availableActions(job) {
  const keep = job.step ? ["keep"] : [];
  if (job.state === "queued") return ["cancel"];
  if (job.state === "running") return ["pause", ...keep, "cancel"];
  if (job.state === "paused") return ["resume", ...keep, "cancel"];
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
  show(live.firstElementChild, !job.clip); // the look of a clip cannot change on the way
  loss.node.toggleAttribute("hidden", !isActive(job) || state.losses.length < 2);
  const available = availableActions(job);
  for (const [name, node] of Object.entries(buttons)) {
    const hadFocus = node === document.activeElement;
    show(node, available.includes(name));
    if (hadFocus && node.hidden) buttons[available[0]].focus(); // keep the focus in the panel
  }
  show(download.parentElement, Boolean(job.has_picture));
  show(format, !job.clip);
}

/** Move the focus to this panel when it replaces the Paint button. */
export async function focusRun() {
  await Promise.resolve(); // the state's listeners run first
  title.focus(); // not to a button: a second Enter must not pause or cancel
}

/** Build the panel and keep it in sync with the job. */
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
