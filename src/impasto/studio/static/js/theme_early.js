// Runs before the first paint, so that the page never flashes in the wrong theme.
(() => {
  try {
    const theme = localStorage.getItem("impasto.theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch {
    /* no access to storage: use the system's theme */
  }
})();
