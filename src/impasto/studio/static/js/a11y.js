// What screen readers hear, and notices that everybody sees.
import { byId, el, iconButton } from "./dom.js";

let last = "";

/** Say one sentence politely; the same one twice in a row is said once. */
export function announce(text) {
  if (text === last) return;
  last = text;
  byId("live").textContent = text;
}

/** Show a sentence for a while; errors stay until they are closed or replaced. */
export function notify(text, kind = "info") {
  const notices = byId("notices");
  for (const old of [...notices.children]) {
    if (old.dataset.kind === kind || old.textContent === text) old.remove();
  }
  const note = el(
    "div",
    { class: "notice", data: { kind }, role: kind === "error" ? "alert" : "status" },
    el("span", { text }),
    iconButton("close", "Close this message", () => note.remove()),
  );
  notices.append(note);
  if (kind !== "error") setTimeout(() => note.remove(), 6000);
}

/** Show what went wrong, unless it is only an older request giving way to a newer one. */
export function complain(error) {
  if (error.name === "AbortError" || (error.status === 409 && error.message === "superseded"))
    return;
  if (error.status === 0) return; // the banner says that already
  if (error.name !== "ApiError") console.error(error);
  notify(error.message, "error");
}

/** Ask one question; answers the value of the pressed button, null for Escape. */
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

/** Arrow keys, Home and End move through a row of buttons that is one stop of the Tab key. */
export function roving(container, selector) {
  container.addEventListener("keydown", (event) => {
    const all = [...container.querySelectorAll(selector)].filter((node) => !node.disabled);
    const here = all.indexOf(document.activeElement);
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    let next = -1;
    if (move && here >= 0) next = (here + move + all.length) % all.length;
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = all.length - 1;
    if (next < 0) return;
    event.preventDefault();
    all[next].focus();
    all[next].click();
  });
}
