// Pictures by drag and drop, paste, or file dialog, and what each is used for.
import { announce, ask, complain, notify } from "./a11y.js";
import { api } from "./api.js";
import { isClipFile } from "./clip_files.js";
import { byId, show } from "./dom.js";
import { addStyle, loadDraft, maxStyles, setContent } from "./draft.js";
import { chosenFiles, filesOf } from "./folders.js";
import { listed } from "./format.js";
import { leaveJob } from "./job.js";
import { openSeries, restoreSeries } from "./open_series.js";
import { madeByImpasto, pictureOf, upload } from "./pictures.js";
import { isActive, store } from "./state.js";

const { state } = store;
let picking = { as: "content", index: -1 };

/** Open the file dialog for a "content", a "style" (to replace the one at `index`) a "replay", "photos" or a "result". */
export function pick(as, index = -1) {
  picking = { as, index };
  const input = byId("file");
  input.multiple = as !== "replay" && index < 0;
  input.value = "";
  input.click();
}

async function optional(id, name) {
  try {
    return id ? await pictureOf(id, name) : null;
  } catch {
    return null; // the server no longer has it; a notice below says what is missing
  }
}

/** Load the settings of a picture that impasto made, and its pictures if the server still has them. */
export async function replay(file) {
  const settings = await api.replay(file);
  const content = await optional(settings.content, settings.names?.content ?? "photo");
  const styles = await Promise.all(
    (settings.styles ?? []).map((id, i) =>
      optional(id, settings.names?.styles?.[i] ?? `style ${i + 1}`),
    ),
  );
  leaveJob(); // a running job must not take over the strength that is loaded
  loadDraft(
    settings,
    content ?? state.content,
    styles.some(Boolean) || settings.trained ? styles : state.styles,
  );
  location.hash = "#/";
  const missing = [
    content ? "" : "photo",
    settings.trained || (styles.length && styles.every(Boolean)) ? "" : "styles",
  ].filter(Boolean);
  notify(
    missing.length
      ? `The settings are loaded. Please add the ${missing.join(" and the ")} again.`
      : "Settings and pictures are loaded.",
  );
}

/** Ask what a new picture is, now that there is a photo; resolves to "content", "photos", "style" or null. */
function askUse(file) {
  return ask("There is a photograph already", `What is “${file.name || "the new picture"}”?`, [
    { label: "Use as a style", value: "style" },
    { label: "Add to the photographs", value: "photos" },
    { label: "Replace the photograph", value: "content", primary: true },
  ]);
}

/** Ask whether several pictures are photographs, or a photo and its styles. */
function askMany(count) {
  return ask(
    `${count} pictures`,
    "Are they photographs that all get the same look, or one photograph and its styles?",
    [
      { label: "A photograph and styles", value: "content" },
      { label: "Photographs", value: "photos", primary: true },
    ],
  );
}

async function takeOne(file, as, index) {
  if (as === "replay") return replay(file);
  if (await madeByImpasto(file)) {
    const answer = await ask(
      "This picture was made by impasto",
      "It contains its settings. Load them, or use the file as a picture?",
      [
        { label: "Use as picture", value: "picture" },
        { label: "Load settings", value: "replay", primary: true },
      ],
    );
    if (answer === "replay") return replay(file);
    if (answer === null) return undefined;
  }
  const picture = await upload(file);
  if (as === "content") setContent(picture);
  else addStyle(picture, index);
  announce(`Added ${picture.name}, ${picture.width} by ${picture.height} pixels.`);
  return undefined;
}

/** Add photographs to the strip; files that cannot be used are named, the others go on. */
async function takePhotos(files, refused) {
  const { addPhotos, maxPhotos, series } = await openSeries(pick);
  const pictures = [];
  const room = maxPhotos() - series.state.items.length;
  const chosen = files.slice(0, Math.max(0, room));
  for (const [index, file] of chosen.entries()) {
    if (chosen.length > 1) notify(`Adding photograph ${index + 1} of ${chosen.length}.`);
    try {
      pictures.push(await upload(file));
    } catch (error) {
      if (error.status === 0) break; // the banner says that the server is away
      refused.push(
        error.message.includes(file.name) ? error.message : `${file.name}: ${error.message}`,
      );
    }
  }
  const without = addPhotos(pictures) + files.length - chosen.length;
  if (without) refused.push(`${without} more than ${maxPhotos()} photographs were left out.`);
  notify(`Added ${pictures.length} of ${files.length} photographs.`);
}

const isPicture = (file) =>
  file.type.startsWith("image/") || /\.(heic|heif|avif|tiff?|webp)$/i.test(file.name);

/** Add pictures one by one: the first as `as`; after a photo, the others become styles. */
async function takeEach(pictures, as, index) {
  let kind = as;
  for (const file of pictures) {
    if (kind === "style" && index < 0 && state.styles.length >= maxStyles()) {
      return notify(`There are already ${maxStyles()} styles. Remove one first.`, "error");
    }
    try {
      await takeOne(file, kind, index);
    } catch (error) {
      complain(error);
    }
    if (kind === "content") kind = "style";
  }
  return undefined;
}

/** Take the clips among the files: the first one becomes the content; a strip of photographs has none. */
async function takeClips(files, as) {
  const clips = [];
  for (const file of files) if (await isClipFile(file)) clips.push(file);
  if (!clips.length || as === "style" || as === "replay") return files;
  const others = files.filter((file) => !clips.includes(file));
  if (as === "photos" || as === "result") {
    notify("Clips are painted one at a time; drop one as the photo.", "error");
    return others;
  }
  const { takeClip } = await import("./clip_intake.js");
  await takeClip(clips[0]);
  if (clips.length > 1)
    notify("Clips are painted one at a time; the first one was taken.", "error");
  return others;
}

/** Add files as "content", "style", "photos", "replay" or "result"; asks what several photographs are. */
async function take(chosen, as, index = -1) {
  const files = await takeClips([...chosen], as);
  if (!files.length) return undefined;
  const tookClip = files.length < chosen.length && as === "content";
  const pictures = files.filter(isPicture);
  const refused = files
    .filter((file) => !isPicture(file))
    .map((file) => `${file.name} is not a picture.`);
  if (!pictures.length)
    return notify(
      "This file is not a picture or clip. Use PNG, JPEG, WebP, MP4 or a similar format.",
      "error",
    );
  if (as === "result") {
    const { importResults } = await import("./gallery_actions.js");
    return importResults(pictures);
  }
  let use = tookClip ? "style" : as;
  if (use === "content" && pictures.length > 1)
    use = pictures.length > 1 + maxStyles() ? "photos" : await askMany(pictures.length);
  if (use === "photos") await takePhotos(pictures, refused);
  else if (use) await takeEach(pictures, use, index);
  if (refused.length) notify(listed(refused), "error");
  return undefined;
}

/** Take a drop or paste; `zone` is what the place of the drop says. */
async function takeDropped(files, zone, fromFolder = false) {
  if (state.room === "gallery") return take(files, "result");
  if (fromFolder) return take(files, "photos");
  const use = zone ?? (state.content ? "style" : "content");
  if (files.length === 1 && zone !== "style" && (await isClipFile(files[0])))
    return take(files, "content"); // a clip is only ever the content
  // A photograph on a photograph, or any picture on a finished painting, can mean three things.
  const isOpen = state.content && (zone ? zone === "content" : state.job && !isActive(state.job));
  if (!isOpen) return take(files, use);
  if (files.length > 1) return take(files, zone === "content" ? "photos" : "content");
  const answer = await askUse(files[0]);
  return answer && take(files, answer);
}

function startDrop() {
  const veil = byId("dropveil");
  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    const inGallery = state.room === "gallery";
    for (const zone of veil.children) show(zone, (zone.dataset.drop === "result") === inGallery);
    show(veil, true);
  });
  addEventListener("dragleave", (event) => {
    if (holdsFiles(event) && --depth <= 0) show(veil, false);
  });
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    for (const zone of veil.children)
      zone.classList.toggle("over", zone === event.target.closest?.(".dropzone"));
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show(veil, false);
    const zone = event.target.closest?.(".dropzone");
    filesOf(event.dataTransfer)
      .then(({ files, fromFolder }) => takeDropped(files, zone?.dataset.drop, fromFolder))
      .catch(complain);
  });
}

/** Set up drag and drop, paste and the file dialog. */
export function startIntake() {
  startDrop();
  restoreSeries(pick);
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    takeDropped(files).catch(complain);
  });
  byId("file").addEventListener("change", (event) => {
    const { files } = event.target;
    if (files.length) take(files, picking.as, picking.index).catch(complain);
  });
  byId("folder").addEventListener("change", (event) => {
    const files = chosenFiles(event.target.files);
    if (files.length) take(files, "photos").catch(complain);
  });
  byId("pick-folder").addEventListener("click", () => {
    byId("folder").value = "";
    byId("folder").click();
  });
  byId("replay-pick").addEventListener("click", () => pick("replay"));
}
