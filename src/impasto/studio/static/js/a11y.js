// Announcements for screen readers, notices, and the question dialog.
import { byId, el, iconButton } from "./dom.js";

let last = "";

/** Announce one sentence to screen readers; a repeated sentence is announced once. */
export function announce(text) {
  if (text === last) return;
  last = text;
  byId("live").textContent = text;
}

/**
 * Show a notice for some seconds; it stays while someone points at it or has the focus in it. `action` = {label,
 * onclick} is a button in it.
 */
export function notify(text, kind = "info", action = null) {
  const notices = byId("notices");
  for (const old of [...notices.children]) {
    if (old.dataset.kind === kind || old.textContent === text) old.remove();
  }
  const note = el(
    "div",
    { class: "notice", data: { kind }, role: kind === "error" ? "alert" : "status" },
    el("span", { text }),
    action &&
      el("button", {
        type: "button",
        class: "notice-action",
        text: action.label,
        onclick: () => {
          note.remove();
          action.onclick();
        },
      }),
    iconButton("close", "Close this message", () => note.remove()),
  );
  notices.append(note);
  const expire = () => {
    if (note.matches(":hover, :focus-within")) setTimeout(expire, 1000);
    else note.remove();
  };
  setTimeout(expire, kind === "error" || action ? 8000 : 6000);
}

/** Show an error, unless it only means that a newer request replaced an older one. */
export function complain(error) {
  if (error.name === "AbortError" || (error.status === 409 && error.message === "superseded"))
    return;
  if (error.status === 0) return; // the banner already says so
  if (error.name !== "ApiError") console.error(error);
  notify(error.message, "error");
}

/** Ask one question; resolves to the value of the pressed button, or null after Escape. */
export function ask(title, text, choices) {
  const dialog = byId("ask");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  return new Promise((resolve) => {
    const buttons = choices.map(({ label, value, primary }) =>
      el("button", {
        type: "button",
        class: primary ? "button primary" : "button",
        text: label,
        onclick: () => dialog.close(value),
      }),
    );
    byId("ask-buttons").replaceChildren(...buttons);
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue || null), { once: true });
    dialog.showModal();
  });
}

/** Let arrow keys, Home and End move through a group of buttons that is one tab stop (a roving tabindex). */
export function roving(container, selector) {
  container.addEventListener("keydown", (event) => {
    const all = [...container.querySelectorAll(selector)].filter((node) => !node.disabled);
    const current = all.indexOf(document.activeElement);
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    let next = -1;
    if (move && current >= 0) next = (current + move + all.length) % all.length;
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = all.length - 1;
    if (next < 0) return;
    event.preventDefault();
    all[next].focus();
    all[next].click();
  });
}
