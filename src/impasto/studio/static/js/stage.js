// Chooses the picture on the stage: photo, one-pass preview, running job, or finished picture.
import { api } from "./api.js";
import { byId, show } from "./dom.js";
import { hasStyle } from "./draft.js";
import { stageSize } from "./estimate.js";
import { isActive, store } from "./state.js";
import { viewer } from "./viewer.js";

const { state } = store;

function ofJob(job) {
  if (job.has_picture && !isActive(job))
    return { url: api.resultUrl(job.id, "png"), alt: "Finished picture", caption: "" };
  if (job.preview) return { url: job.preview, alt: "The painting so far", caption: "Painting" };
  // Before a job's first preview, keep what is on the stage already.
  const url = state.fast?.url ?? (state.content && api.pictureUrl(state.content.id, 2048));
  return (
    url && {
      url,
      alt: "The painting is about to start",
      caption: isActive(job) ? "Starting" : "",
    }
  );
}

function ofDraft() {
  if (state.fast) {
    const caption = state.trained ? "Painted in one pass" : "Quick preview";
    return {
      url: state.fast.url,
      alt: state.trained ? caption : "Quick preview of the painting",
      caption,
    };
  }
  if (!state.content) return null;
  const noPreview = hasStyle() && state.info && !state.info.fast;
  const caption = noPreview
    ? "No quick preview available; paint to see the result"
    : hasStyle()
      ? ""
      : "Choose a style";
  return { url: api.pictureUrl(state.content.id, 2048), alt: "The photo", caption };
}

function render() {
  const picture = state.job ? ofJob(state.job) : ofDraft();
  const size = stageSize() ?? state.job?.scale ?? null;
  viewer.setSize(picture ? size : null);
  const caption = byId("caption");
  caption.textContent = state.job
    ? (picture?.caption ?? "")
    : state.trouble || (picture?.caption ?? "");
  caption.dataset.kind = !state.job && state.trouble ? "error" : "";
  show(caption, Boolean(caption.textContent));
  byId("compare").disabled = !state.content;
  byId("brush").disabled = !state.content || Boolean(state.job && isActive(state.job));
  if (!picture) return;
  viewer.show(picture.url, picture.alt);
  if (state.content) viewer.setBefore(api.pictureUrl(state.content.id, 2048));
}

/** Keep the stage in sync with the state. */
export function startStage() {
  store.on(["job", "fast", "content", "styles", "trained", "size", "trouble", "info"], render);
  render();
}
