// Clips in the draft: what the page knows of one, and the requests for it.
import { api } from "./api.js";
import { jobRequest } from "./draft.js";
import { known } from "./persist.js";
import { store } from "./state.js";

const { state } = store;

/** Whether the draft's content is a clip. */
export const isClip = () => Boolean(state.content?.clip);

/** Return the API's description of a clip in the form of a picture of the draft. */
export function asPicture({ id, name, width, height, ...clip }) {
  return { id, name, width, height, clip };
}

/** Return a clip by id, from the browser's storage or the server. */
export async function clipOf(id) {
  const remembered = known.recall(id);
  if (remembered?.clip) return remembered;
  const clip = asPicture(await api.clip(id));
  known.remember(clip);
  return clip;
}

/** The times of the three frames that are previewed: begin, middle and end of the part that is painted. */
export function frameTimes() {
  const { seconds, fps } = state.content.clip;
  const end = Math.min(state.clip.stop ?? seconds, seconds);
  const last = Math.max(state.clip.start, end - 1 / Math.max(1, fps));
  return [state.clip.start, (state.clip.start + last) / 2, last];
}

/** The request to /api/clips/plan and /api/clips/jobs; masks must have been uploaded. */
export function clipRequest() {
  const { recipe, guides, content, styles } = jobRequest();
  const { method } = state.clip;
  const fast = method === "fast" || Boolean(state.trained);
  const { strength, stroke, colors, mix, seed } = recipe;
  const look = { strength, stroke, colors, seed, size: state.size, ...(mix && { mix }) };
  const { masks, protect } = guides;
  const clip = { ...state.clip, method: fast ? "fast" : method };
  if (clip.method !== "keyframes") clip.keyframes = null;
  return {
    content,
    styles,
    trained: state.trained?.name ?? null,
    recipe: fast ? look : { ...recipe, ...look },
    guides: { ...(masks && { masks }), ...(protect && { protect }) },
    clip,
  };
}
