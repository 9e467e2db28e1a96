// Uploads, and pictures by id with their name and size.
import { ApiError, api } from "./api.js";
import { bytes } from "./format.js";
import { known } from "./persist.js";
import { store } from "./state.js";

// Larger pictures are shown at this size: a browser may not decode a hundred megapixels.
const MAX_SHOWN_SIDE = 4096;

/** Upload a file after checking its size. */
export async function upload(file) {
  const limit = store.state.info?.limits?.bytes;
  if (limit && file.size > limit) {
    throw new ApiError(
      `${file.name || "This picture"} has ${bytes(file.size)}; the limit is ${bytes(limit)}.`,
      413,
    );
  }
  const name = file.name || "pasted picture";
  return { name, ...(await api.upload(file, name)) };
}

/** Return a picture by id, from the browser's storage or by loading it. */
export async function pictureOf(id, name = "picture") {
  const remembered = known.recall(id);
  if (remembered) return remembered;
  const image = new Image();
  image.src = api.pictureUrl(id);
  try {
    await image.decode();
  } catch {
    throw new ApiError("The server no longer has one of the pictures.", 404);
  }
  const picture = { id, name, width: image.naturalWidth, height: image.naturalHeight };
  known.remember(picture);
  return picture;
}

/** The address of a picture, or of the frame of a clip at the second `at`. */
export function contentUrl(content, at, size) {
  return content.clip ? api.frameUrl(content.id, at, size) : api.pictureUrl(content.id, size);
}

/** The address of a finished job's picture to look at. */
export function shownUrl(job) {
  const isLarge = Math.max(...(job.scale ?? [0])) > MAX_SHOWN_SIDE;
  return isLarge ? api.resultUrl(job.id, null, MAX_SHOWN_SIDE) : api.resultUrl(job.id, "png");
}

/** Return the file name of a job's picture: its name without characters that file systems refuse. */
export function jobFileName(job, suffix) {
  const stem = job.name.replace(/[\p{Cc}<>:"/\\|?*]+/gu, " ").replace(/^[. ]+|[. ]+$/g, "");
  return `${stem || "picture"}.${suffix}`;
}

/** Return a sample as a picture; its size is looked up once. */
export async function sample(entry) {
  return { ...(await pictureOf(entry.id, entry.name)), name: entry.name };
}

/** Whether a file contains an impasto recipe: a PNG text chunk "impasto", or JSON in the EXIF of other formats. */
export async function madeByImpasto(file) {
  // A recipe is before or after the pixels, so reading both ends of the file is enough.
  const window = 1 << 18;
  const parts =
    file.size <= 2 * window ? [file] : [file.slice(0, window), file.slice(file.size - window)];
  const decoder = new TextDecoder("latin1");
  for (const part of parts) {
    const text = decoder.decode(await part.arrayBuffer());
    if (text.includes('{"impasto"') || /(tEXt|iTXt|zTXt)impasto\0/.test(text)) return true;
  }
  return false;
}
