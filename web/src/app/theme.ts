/**
 * Light, dark, or what the system says.
 *
 * Kept in this browser: a theme is the viewer's, not the project's. The attribute is set before
 * the first paint, so nothing flashes.
 */
export type Theme = "system" | "light" | "dark";

const PLACE = "quarterdeck.theme";
const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

export function storedTheme(): Theme {
  const stored = localStorage.getItem(PLACE);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function shownTheme(theme: Theme = storedTheme()): "light" | "dark" {
  if (theme !== "system") return theme;
  return systemIsDark.matches ? "dark" : "light";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, theme);
  apply();
}

/** Follows the system from now on, where nothing else was chosen. */
export function followTheme(): void {
  apply();
  systemIsDark.addEventListener("change", apply);
}

function apply(): void {
  const theme = shownTheme();
  if (document.documentElement.dataset.theme === theme) return;
  document.documentElement.dataset.theme = theme;
  window.dispatchEvent(new CustomEvent("quarterdeck:theme", { detail: theme }));
}
