// The entry point: set up the modules, restore the draft, follow the address.
import { complain } from "./a11y.js";
import { api } from "./api.js";
import { startBrush } from "./brush.js";
import { startBusy } from "./busy.js";
import { connection, startConnection } from "./connection.js";
import { byId, loadStyle, show } from "./dom.js";
import { startEstimate } from "./estimate.js";
import { refreshPreview, startPreview } from "./fast.js";
import { startFinish } from "./finish.js";
import { startFolds } from "./folds.js";
import { startHistory } from "./history.js";
import { startIntake } from "./intake.js";
import { jobsChanged, leaveJob, openJob, startJobs } from "./job.js";
import { startKeep } from "./keep.js";
import { startLive } from "./live.js";
import { startLook } from "./look.js";
import { startLooks } from "./looks.js";
import { startMaskUpload } from "./mask_upload.js";
import { startMixer } from "./mixer.js";
import { startClips } from "./open_clip.js";
import { startPaintButton } from "./paint_button.js";
import { keepDraft, restoreDraft } from "./persist.js";
import { startPress } from "./press.js";
import { focusRun, startRunPanel } from "./run_panel.js";
import { startSchemaForm } from "./schema_form.js";
import { startSources } from "./sources.js";
import { startStage } from "./stage.js";
import { store } from "./state.js";
import { startTheme } from "./theme.js";
import { startTour } from "./tour.js";
import { startViewer } from "./viewer.js";

const TITLES = { studio: "", gallery: "Gallery · ", compare: "Compare · ", sheet: "Sheet · " };
let leaveRoom = () => {};

function enter(room) {
  leaveRoom();
  leaveRoom = () => {};
  store.set({ room });
  for (const name of Object.keys(TITLES)) show(byId(`room-${name}`), name === room);
  const place = { compare: "gallery", sheet: "studio" }[room] ?? room;
  for (const name of ["studio", "gallery"]) {
    const link = byId(`nav-${name}`);
    if (name === place) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const id of ["skip", "undo", "redo"]) show(byId(id), room === "studio");
  document.title = `${TITLES[room]}impasto studio`;
}

/** Load and show one of the rooms that are not needed at first; another address meanwhile wins. */
async function openRoom(room, module, open) {
  const address = location.hash;
  const [code] = await Promise.all([
    import(`./${module}.js`),
    loadStyle("gallery"),
    room === "gallery" || loadStyle("rooms"),
  ]);
  if (location.hash !== address) return;
  if (room === "gallery") code.startGallery();
  enter(room);
  await open?.(code);
}

/**
 * Show the address: #/ is the draft, #/job/ID one painting, #/gallery all pictures, #/compare/ID/ID two of them,
 * #/sheet/strengths or #/sheet/styles a sheet.
 */
async function route() {
  const [, room, ...rest] = location.hash.split("/");
  if (room === "gallery") {
    await openRoom("gallery", "gallery");
  } else if (room === "compare" && rest.length >= 2) {
    await openRoom("compare", "compare", (code) => code.openCompare(rest));
  } else if (room === "sheet") {
    await openRoom("sheet", "sheet", (code) => {
      leaveRoom = code.closeSheet;
      code.openSheet(rest[0]);
    });
  } else {
    enter("studio");
    if (room === "job" && rest[0]) await openJob(rest[0]);
    else if (store.state.job) leaveJob();
  }
}

async function loadInfo() {
  try {
    store.set({ info: await api.info() });
  } catch (error) {
    complain(error);
  }
}

function openFresh(job) {
  openJob(job.id, job).then(focusRun);
  history.pushState(null, "", `#/job/${job.id}`);
  jobsChanged();
}

/** On a phone, stage and foot cover parts of the panel; their heights let focused controls scroll clear of both. */
function watchCovers() {
  const watch = (id) =>
    new ResizeObserver(([entry]) => {
      document.documentElement.style.setProperty(
        `--${id}-height`,
        `${Math.ceil(entry.borderBoxSize[0].blockSize)}px`,
      );
    }).observe(byId(id));
  watch("foot");
  watch("stage");
}

async function start() {
  startPress();
  startTheme();
  startConnection();
  restoreDraft();
  startJobs();
  startViewer();
  startSources();
  startIntake();
  startMixer();
  startLook();
  startFinish();
  startSchemaForm();
  startFolds();
  startBrush();
  startMaskUpload();
  startRunPanel();
  startStage();
  startClips();
  startKeep();
  startTour();
  startLive();
  watchCovers();
  byId("help-open").addEventListener("click", () => byId("help").showModal());
  byId("help-close").addEventListener("click", () => byId("help").close());
  await loadInfo(); // before any job opens: its recipe is compared with the defaults
  // Open a job in the address before the first preview, which would delay the job and be thrown away.
  await route();
  addEventListener("hashchange", route);
  startHistory();
  startLooks();
  startPreview(leaveJob);
  startEstimate();
  startPaintButton(openFresh);
  keepDraft();
  startBusy();
  refreshPreview();
  connection.watch(async (online) => {
    if (!online) return;
    await loadInfo(); // the server may have been upgraded
    await route();
    refreshPreview();
  });
}

start();
