// The upload of a clip that was dropped or chosen: its checks and its progress.
import { announce, complain, notify } from "./a11y.js";
import { ApiError, uploadClip } from "./api.js";
import { asPicture } from "./clip.js";
import { setContent } from "./draft.js";
import { bytes, duration } from "./format.js";
import { store } from "./state.js";

const { state } = store;
function check(file) {
  const { clips, limits } = state.info ?? {};
  if (clips) throw new ApiError(clips, 503);
  if (limits?.clip_bytes && file.size > limits.clip_bytes)
    throw new ApiError(
      `${file.name} has ${bytes(file.size)}; the limit for clips is ${bytes(limits.clip_bytes)}.`,
      413,
    );
}

/** Upload a clip and make it the content of the draft. */
export async function takeClip(file) {
  const controller = new AbortController();
  try {
    check(file);
    const progress = (share) =>
      store.set({ clipUpload: { name: file.name, share, cancel: () => controller.abort() } });
    progress(0);
    const clip = asPicture(await uploadClip(file, progress, controller.signal));
    setContent(clip);
    const { seconds, notes } = clip.clip;
    announce(`Added the clip ${clip.name}, ${duration(seconds)} long.`);
    if (notes.length) notify(notes[0], "error");
  } catch (error) {
    if (error.name !== "AbortError") complain(error);
  } finally {
    store.set({ clipUpload: null });
  }
}
