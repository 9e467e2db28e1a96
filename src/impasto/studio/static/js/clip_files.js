// Which of the files that are dropped or chosen are clips.
const NAMES = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|ogv|3gp|wmv|flv)$/i;
const HEAD = 1 << 20; // a GIF with a second picture in its first megabyte is a clip, and so is a larger one

/** Whether a file that may be a photograph moves: a GIF with several pictures, or an animated WebP. */
async function isAnimated(file) {
  const data = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const text = (from, to) => String.fromCharCode(...data.subarray(from, to));
  if (text(0, 4) === "RIFF" && text(8, 16) === "WEBPVP8X") return (data[20] & 2) !== 0;
  if (text(0, 3) !== "GIF") return false;
  // Each picture has a graphic control extension: 21 F9 04, four bytes, 00.
  let pictures = 0;
  for (let i = 13; i + 7 < data.length && pictures < 2; i++)
    if (data[i] === 0x21 && data[i + 1] === 0xf9 && data[i + 2] === 4 && data[i + 7] === 0)
      pictures += 1;
  return pictures > 1;
}

/** Whether a file is a clip. */
export async function isClipFile(file) {
  if (file.type.startsWith("video/") || NAMES.test(file.name)) return true;
  return /^image\/(gif|webp)$/.test(file.type) && isAnimated(file);
}
