// The HTTP client. Every failure becomes an ApiError with one sentence.
import { connection } from "./connection.js";

// Not stored: a duplicated tab is another client, or the two would supersede each other's requests.
const CLIENT = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`;

/** An error with the server's message if it sent one. `status` is 0 if there was no response. */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

async function errorMessage(response) {
  try {
    const body = await response.json();
    if (typeof body.error === "string") return body.error;
  } catch {
    /* not JSON: use one of the messages below */
  }
  if (response.status === 401)
    return "This studio needs its token. Open the address that the terminal shows.";
  if (response.status === 413) return "The file is too large for this studio.";
  return `The server responded with status ${response.status}.`;
}

async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    connection.lost();
    throw new ApiError("The studio's server is not responding.", 0);
  }
  connection.restored();
  if (!response.ok) throw new ApiError(await errorMessage(response), response.status);
  return response;
}

async function json(path, options) {
  return (await send(path, options)).json();
}

function body(method, value, extra = {}) {
  const headers = { "Content-Type": "application/json", "X-Client": CLIENT };
  return { method, headers, body: JSON.stringify(value), ...extra };
}

function fileHeaders(blob, name) {
  return {
    "Content-Type": blob.type || "application/octet-stream",
    "X-Name": encodeURIComponent(name),
  };
}

const job = (id) => `api/jobs/${encodeURIComponent(id)}`;

export const api = {
  info: () => json("api/info"),

  /** Upload a File or Blob; resolves to {id, width, height, name}. */
  upload(blob, name) {
    return json("api/pictures", { method: "POST", headers: fileHeaders(blob, name), body: blob });
  },
  pictureUrl: (id, size) => `api/pictures/${encodeURIComponent(id)}${size ? `?size=${size}` : ""}`,
  /** Rejects if the server does not have this picture. */
  hasPicture: (id) => send(api.pictureUrl(id, 192), { method: "HEAD" }),

  /** Paint in one pass; of the waiting requests with the same `purpose`, the server answers only the newest. */
  async fast(request, signal, purpose = "") {
    const options = body("POST", request, { signal });
    options.headers["X-Client"] += purpose;
    return (await send("api/fast", options)).blob();
  },
  plan: (request, signal) => json("api/plan", body("POST", request, { signal })),

  start: (request) => json("api/jobs", body("POST", request)),
  jobs(cursor, limit = 24, { search, favourites } = {}) {
    const query = {
      limit,
      ...(cursor && { cursor }),
      ...(search && { search }),
      ...(favourites && { favourites }),
    };
    return json(`api/jobs?${new URLSearchParams(query)}`);
  },
  job: (id) => json(job(id)),
  act: (id, verb) => json(`${job(id)}/${verb}`, { method: "POST" }),
  change: (id, values) => json(job(id), body("PATCH", values)),
  deleteJob: (id) => send(job(id), { method: "DELETE" }),
  previewUrl: (id, version) => `${job(id)}/preview?v=${version}`,
  eventsUrl: (id) => `${job(id)}/events`,
  resultUrl: (id, format, size) =>
    `${job(id)}/picture?${new URLSearchParams({ ...(format && { format }), ...(size && { size }) })}`,

  trash: (ids) => json("api/trash", body("POST", { ids })),
  restore: (ids) => json("api/trash/restore", body("POST", { ids })),
  bundle: (ids, format, name) => json("api/bundles", body("POST", { ids, format, name })),
  /** Paint a picture in one pass and keep it in the gallery; resolves to its job. */
  keep: (request) => json("api/results/fast", body("POST", request)),
  /** Put a File with its recipe back in the gallery; resolves to its job. */
  importResult: (file) =>
    json("api/results", { method: "POST", headers: fileHeaders(file, file.name), body: file }),

  clip: (id) => json(`api/clips/${encodeURIComponent(id)}`),
  frameUrl: (id, at, size) =>
    `api/clips/${encodeURIComponent(id)}/frame?at=${at.toFixed(3)}&size=${size}`,
  planClip: (request, signal) => json("api/clips/plan", body("POST", request, { signal })),
  startClip: (request) => json("api/clips/jobs", body("POST", request)),
  clipUrl: (id) => `${job(id)}/clip`,
  originalUrl: (id) => `${job(id)}/original`,

  replay(blob) {
    return json("api/replay", {
      method: "POST",
      headers: { "Content-Type": blob.type || "application/octet-stream" },
      body: blob,
    });
  },
};

/** Upload a clip; `progress` gets the share that is sent. Resolves to the API's ClipDetails. */
export function uploadClip(file, progress, signal) {
  // fetch does not tell how much of a body is sent.
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    const failed = (status, message) => reject(new ApiError(message, status));
    request.upload.onprogress = (event) => progress(event.loaded / Math.max(1, event.total));
    request.upload.onload = () => progress(1);
    request.onload = () => {
      connection.restored();
      if (request.status === 200) return resolve(request.response);
      return failed(
        request.status,
        request.response?.error ?? `The server responded with status ${request.status}.`,
      );
    };
    request.onerror = () => {
      connection.lost();
      failed(0, "The studio's server is not responding.");
    };
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", "api/clips");
    request.responseType = "json";
    for (const [name, value] of Object.entries(fileHeaders(file, file.name)))
      request.setRequestHeader(name, value);
    request.send(file);
  });
}
