// Chooses the picture on the stage: photo, one-pass preview, running job, or finished picture.
import { api } from "./api.js";
import { byId, show } from "./dom.js";
import { hasStyle } from "./draft.js";
import { clock } from "./format.js";
import { contentUrl, shownUrl } from "./pictures.js";
import { croppedPart } from "./print_sizes.js";
import { currentPrint, stageSize } from "./sizes.js";
import { isActive, store } from "./state.js";
import { viewer } from "./viewer.js";

const { state } = store;
let turns = 0;

/** The preview, unless it shows another photo. */
const preview = () => (state.fast?.content === state.content?.id ? state.fast : null);

const photo = () => state.content && contentUrl(state.content, state.at, 2048);

function ofJob(job) {
  if (job.has_picture && !isActive(job))
    return { url: shownUrl(job), alt: "Finished picture", caption: "" };
  if (job.preview)
    return { url: job.preview, alt: "The painting so far", caption: "Painting", isStep: true };
  // The painting starts from the preview, which stays until there is a first step to see.
  const url = preview()?.url ?? (job.step ? api.previewUrl(job.id, job.step) : photo());
  const caption = isActive(job) ? "Starting from the preview" : "";
  return url && { url, alt: "The painting is about to start", caption };
}

function previewCaption() {
  if (state.look.strength === 0) return "Strength 0: the photo as it is";
  const words = state.trained ? "Painted in one pass" : "Quick preview";
  return state.content.clip ? `${words} of the frame at ${clock(state.at)}` : words;
}

function ofDraft() {
  if (preview() && hasStyle()) {
    const alt = state.trained ? "The photo in this style" : "Quick preview of the painting";
    return { url: preview().url, alt, caption: previewCaption() };
  }
  if (!state.content) return null;
  let caption = "Choose a style";
  if (hasStyle() && state.info)
    caption = state.info.fast
      ? "Preparing a preview"
      : "No quick preview available; paint to see the result";
  return { url: photo(), alt: "The photo", caption };
}

function setCaption(text, isError) {
  const caption = byId("caption");
  caption.textContent = text;
  caption.dataset.kind = isError ? "error" : "";
  show(caption, Boolean(text));
}

/** Mark the part of the photo that a print cuts out, before it is painted. */
function renderCrop() {
  const part = state.job ? null : croppedPart(currentPrint(), state.content);
  show(byId("crop"), Boolean(part));
  for (const [name, share] of Object.entries(part ?? {}))
    byId("crop-part").style[name] = `${100 * share}%`;
}

async function render() {
  const turn = ++turns;
  const { job } = state;
  const picture = job ? ofJob(job) : ofDraft();
  // Photo and preview are whole; where the job's picture has another shape, they are shown as it is framed.
  byId("frame").dataset.framing = job?.recipe.framing ?? "";
  renderCrop();
  viewer.setSize(picture ? (stageSize() ?? job?.scale ?? null) : null);
  byId("compare").disabled = !state.content;
  byId("brush").disabled = !state.content || isActive(job);
  if (!job && state.trouble) setCaption(state.trouble, true);
  else if (!picture) setCaption("", false);
  if (!picture) return;
  if (state.content) viewer.setBefore(photo());
  const isShown = await viewer.show(picture.url, picture.alt, picture.isStep);
  // The caption names the picture, so it changes when the picture does.
  if (isShown && turn === turns && (job || !state.trouble)) setCaption(picture.caption, false);
}

/** Keep the stage in sync with the state. */
export function startStage() {
  store.on(
    [
      "at",
      "job",
      "fast",
      "content",
      "styles",
      "trained",
      "size",
      "print",
      "trouble",
      "info",
      "look",
    ],
    render,
  );
  render();
}
