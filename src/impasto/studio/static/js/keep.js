// Pictures painted in one pass, kept in the gallery with their recipe.
import { complain, notify } from "./a11y.js";
import { api } from "./api.js";
import { byId, saveAs, show } from "./dom.js";
import { onePassRequest, onePassSize } from "./draft.js";
import { jobsChanged } from "./job.js";
import { masksReady } from "./mask_upload.js";
import { jobFileName } from "./pictures.js";
import { isActive, store } from "./state.js";

const { state } = store;

/** Paint the preview's picture at its full size into the gallery; resolves to its job. */
async function keep() {
  await masksReady();
  const job = await api.keep({ ...onePassRequest(), ...onePassSize() });
  jobsChanged();
  return job;
}

/** Keep the picture and download it. */
export async function saveOnePass() {
  const job = await keep();
  saveAs(api.resultUrl(job.id, "png"), jobFileName(job, "png"));
  notify("Saved, and kept in the gallery with its settings.");
}

/** Set up the buttons over the stage: keep the preview, open a sheet. */
export function startKeep() {
  const button = byId("keep-preview");
  const render = () => {
    show(button, Boolean(state.fast) && !state.job && !state.content?.clip);
    show(byId("open-sheet"), Boolean(state.content && state.info?.fast) && !isActive(state.job));
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const job = await keep();
      notify(`Kept “${job.name}” in the gallery.`, "info", {
        label: "Show",
        onclick: () => {
          location.hash = "#/gallery";
        },
      });
    } catch (error) {
      complain(error);
    }
    button.disabled = false;
  });
  store.on(["fast", "job", "content", "info"], render);
  render();
}
