// Dark and light: the system's choice until the button is pressed, then one's own.
import { byId } from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : dark.matches;
}

/** Wire the button; it is pressed while colours are dark. */
export function startTheme() {
  const button = byId("theme");
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("impasto.theme", next);
    } catch {
      /* it then lasts as long as the page */
    }
    show();
  });
  dark.addEventListener("change", show);
  show();
}
