// Pictures come in by drop, by paste, or by choosing a file; here is decided what each becomes.
import { announce, ask, complain, notify } from "./a11y.js";
import { api } from "./api.js";
import { byId, show } from "./dom.js";
import { addStyle, loadDraft, mostStyles, setContent } from "./draft.js";
import { madeByImpasto, pictureOf, upload } from "./pictures.js";
import { store } from "./state.js";

const { state } = store;
let picking = { as: "content", index: -1 };

/** Open the file dialogue for a "content", a "style" (to replace the one at `index`) or a "replay". */
export function pick(as, index = -1) {
  picking = { as, index };
  const input = byId("file");
  input.multiple = as === "style" && index < 0;
  input.value = "";
  input.click();
}

async function optional(id, name) {
  try {
    return id ? await pictureOf(id, name) : null;
  } catch {
    return null; // the server lost it; the user is told below what is missing
  }
}

/** Bring back the settings and, where the server still has them, the pictures of one that impasto made. */
export async function replay(file) {
  const found = await api.replay(file);
  const content = await optional(found.content, found.names?.content ?? "photograph");
  const styles = await Promise.all(
    (found.styles ?? []).map((id, i) => optional(id, found.names?.styles?.[i] ?? `style ${i + 1}`)),
  );
  loadDraft(
    found,
    content ?? state.content,
    styles.some(Boolean) || found.trained ? styles : state.styles,
  );
  location.hash = "#/";
  const missing = [
    content ? "" : "photograph",
    found.trained || (styles.length && styles.every(Boolean)) ? "" : "styles",
  ].filter(Boolean);
  notify(
    missing.length
      ? `The settings are back; please add the ${missing.join(" and the ")} again.`
      : "Settings and pictures are back.",
  );
}

async function takeOne(file, as, index) {
  if (as === "replay") return replay(file);
  if (await madeByImpasto(file)) {
    const answer = await ask(
      "A picture made by impasto",
      "It carries its recipe. Bring back its settings, or use it as a picture?",
      [
        { label: "Use as a picture", value: "picture" },
        { label: "Bring back its settings", value: "replay", primary: true },
      ],
    );
    if (answer === "replay") return replay(file);
    if (answer === null) return undefined;
  }
  const picture = await upload(file);
  if (as === "content") setContent(picture);
  else addStyle(picture, index);
  announce(`${picture.name} is here, ${picture.width} by ${picture.height} pixels.`);
  return undefined;
}

/** Take files as what they were meant; the first may be the photograph, the others styles. */
async function take(files, as, index = -1) {
  const pictures = [...files].filter(
    (file) => file.type.startsWith("image/") || /\.(heic|heif|avif|tiff?|webp)$/i.test(file.name),
  );
  if (!pictures.length)
    return notify("That is no picture; PNG, JPEG, WebP and the like are welcome.", "error");
  let kind = as;
  for (const file of pictures) {
    if (kind === "style" && index < 0 && state.styles.length >= mostStyles()) {
      return notify(`There are ${mostStyles()} styles already; remove one first.`, "error");
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

/** What a picture becomes when nobody says: the photograph comes first. */
const guess = () => (state.content ? "style" : "content");

function startDrop() {
  const veil = byId("dropveil");
  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
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
    take(event.dataTransfer.files, zone?.dataset.drop ?? guess());
  });
}

/** Wire drop, paste and the file dialogue. */
export function startIntake() {
  startDrop();
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files, guess());
  });
  byId("file").addEventListener("change", (event) => {
    if (event.target.files.length) take(event.target.files, picking.as, picking.index);
  });
  byId("replay-pick").addEventListener("click", () => pick("replay"));
}
