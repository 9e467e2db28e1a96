// Formatting of numbers, sizes and times.

/** 75 -> "1 min 15 s". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  const s = Math.max(1, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 600 && s % 60) return `${Math.floor(s / 60)} min ${s % 60} s`;
  const minutes = Math.round(s / 60); // rounded first: 7199 s are 2 h 0 min, not 1 h 60 min
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 75.5 -> "1:15.5", 2 -> "0:02": a time of a clip. */
export function clock(seconds) {
  const tenths = Math.round(Math.max(0, seconds || 0) * 10);
  const rest = ((tenths % 600) / 10).toFixed(tenths % 10 ? 1 : 0);
  return `${Math.floor(tenths / 600)}:${rest.padStart(tenths % 10 ? 4 : 2, "0")}`;
}

/** Bytes -> "1.4 GB". */
export function bytes(count) {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  if (count >= 1e6) return `${Math.round(count / 1e6)} MB`;
  return `${Math.max(1, Math.round(count / 1e3))} kB`;
}

/** [w, h] -> "1024 × 683". */
export function size(pair) {
  return Array.isArray(pair) && pair.length === 2 ? `${pair[0]} × ${pair[1]}` : "";
}

/** 0.5 -> "0.5"; at most two decimal places. */
export function decimal(value) {
  return String(Math.round(value * 100) / 100);
}

/** 0.43 -> "43 %". */
export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** Format a time in the user's locale; `created` is seconds since 1970 or an ISO string. */
export function moment(created) {
  const date = new Date(typeof created === "number" ? created * 1000 : created);
  if (Number.isNaN(date.getTime())) return "";
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(
    undefined,
    today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" },
  );
}

/** Join messages into one; more than three are counted. */
export function listed(messages) {
  const more = messages.length > 3 ? ` And ${messages.length - 3} more.` : "";
  return `${messages.slice(0, 3).join(" ")}${more}`;
}
