// Pictures by drag and drop, paste, or file dialog, and what each is used for.
import { announce, ask, complain, notify } from "./a11y.js";
import { api } from "./api.js";
import { byId, show } from "./dom.js";
import { addStyle, loadDraft, maxStyles, setContent } from "./draft.js";
import { importResults } from "./gallery_actions.js";
import { madeByImpasto, pictureOf, upload } from "./pictures.js";
import { store } from "./state.js";

const { state } = store;
let picking = { as: "content", index: -1 };

/** Open the file dialog for a "content", a "style" (to replace the one at `index`) or a "replay" or a "result". */
export function pick(as, index = -1) {
  picking = { as, index };
  const input = byId("file");
  input.multiple = (as === "style" && index < 0) || as === "result";
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

/** Add files: the first as `as`; after a photo, the others become styles. */
async function take(files, as, index = -1) {
  const pictures = [...files].filter(
    (file) => file.type.startsWith("image/") || /\.(heic|heif|avif|tiff?|webp)$/i.test(file.name),
  );
  if (!pictures.length)
    return notify("This file is not a picture. Use PNG, JPEG, WebP or a similar format.", "error");
  if (as === "result") return importResults(pictures);
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

/** The use of a picture that was dropped or pasted anywhere: the photo comes first. */
function defaultUse() {
  if (state.room === "gallery") return "result";
  return state.content ? "style" : "content";
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
    take(event.dataTransfer.files, zone?.dataset.drop ?? defaultUse());
  });
}

/** Set up drag and drop, paste and the file dialog. */
export function startIntake() {
  startDrop();
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files, defaultUse());
  });
  byId("file").addEventListener("change", (event) => {
    if (event.target.files.length) take(event.target.files, picking.as, picking.index);
  });
  byId("replay-pick").addEventListener("click", () => pick("replay"));
}
