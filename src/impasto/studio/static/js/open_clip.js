// Loads what clips need once there is one: most visits need only photographs.
import { complain } from "./a11y.js";
import { isClip } from "./clip.js";
import { byId, loadStyle, show } from "./dom.js";
import { isActive, store } from "./state.js";

const { state } = store;
let loading = null;

async function load() {
  loading ??= Promise.all([
    import("./clip_strip.js"),
    import("./clip_form.js"),
    import("./clip_player.js"),
    loadStyle("clip"),
  ]).then(([strip, form, player]) => {
    strip.startClipStrip();
    form.startClipForm();
    player.startClipPlayer();
  });
  await loading;
}

/** Follow the draft: load the modules once there is a clip in it, being uploaded, or as the job that is shown. */
export function startClips() {
  const render = () => {
    document.body.classList.toggle("has-clip", isClip());
    const playing =
      Boolean(state.job?.clip?.method && state.job.has_picture) && !isActive(state.job);
    document.body.classList.toggle("playing", playing);
    show(byId("viewport"), !playing);
    if (isClip() || state.clipUpload || state.job?.clip) load().catch(complain);
  };
  store.on(["content", "job", "clipUpload"], render);
  render();
}
