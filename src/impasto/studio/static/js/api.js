// The one place that speaks HTTP. Every failure becomes an ApiError with one sentence for people.
import { connection } from "./connection.js";

// Not kept in any storage: a duplicated tab must not count as the same client, or the two would supersede each other.
const CLIENT = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`;

/** What went wrong, in the server's own sentence where it sent one. `status` 0: no answer at all. */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

async function sentence(response) {
  try {
    const body = await response.json();
    if (typeof body.error === "string") return body.error;
  } catch {
    /* not JSON: fall through to the plain words below */
  }
  if (response.status === 401)
    return "This studio asks for its token; open the address that the terminal printed.";
  if (response.status === 413) return "That is larger than the server takes.";
  return `The server answered ${response.status}.`;
}

async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    connection.lost();
    throw new ApiError("The studio's server does not answer.", 0);
  }
  connection.found();
  if (!response.ok) throw new ApiError(await sentence(response), response.status);
  return response;
}

async function json(path, options) {
  return (await send(path, options)).json();
}

function body(method, value, extra = {}) {
  const headers = { "Content-Type": "application/json", "X-Client": CLIENT };
  return { method, headers, body: JSON.stringify(value), ...extra };
}

const job = (id) => `/api/jobs/${encodeURIComponent(id)}`;

export const api = {
  info: () => json("/api/info"),

  /** Upload a File or Blob; answers {id, width, height, name}. */
  upload(blob, name) {
    const headers = {
      "Content-Type": blob.type || "application/octet-stream",
      "X-Name": encodeURIComponent(name),
    };
    return json("/api/pictures", { method: "POST", headers, body: blob });
  },
  pictureUrl: (id, size) => `/api/pictures/${encodeURIComponent(id)}${size ? `?size=${size}` : ""}`,

  async fast(request, signal) {
    return (await send("/api/fast", body("POST", request, { signal }))).blob();
  },
  plan: (request, signal) => json("/api/plan", body("POST", request, { signal })),

  start: (request) => json("/api/jobs", body("POST", request)),
  jobs: (cursor, limit = 24) =>
    json(`/api/jobs?limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`),
  job: (id) => json(job(id)),
  act: (id, verb) => json(`${job(id)}/${verb}`, { method: "POST" }),
  change: (id, values) => json(job(id), body("PATCH", values)),
  forget: (id) => send(job(id), { method: "DELETE" }),
  eventsUrl: (id) => `${job(id)}/events`,
  resultUrl: (id, format, size) =>
    `${job(id)}/picture?${new URLSearchParams({ ...(format && { format }), ...(size && { size }) })}`,

  replay(blob) {
    return json("/api/replay", {
      method: "POST",
      headers: { "Content-Type": blob.type || "application/octet-stream" },
      body: blob,
    });
  },
};
