// Dark and light theme: the system's until the button is pressed.
import { byId } from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : dark.matches;
}

/** Set up the button; it is pressed in the dark theme. */
export function startTheme() {
  const button = byId("theme");
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("impasto.theme", next);
    } catch {
      /* without storage, the choice lasts until the page is closed */
    }
    show();
  });
  dark.addEventListener("change", show);
  show();
}
