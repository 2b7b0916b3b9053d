/** How high rows are. Kept in this browser; set before the first paint, so nothing jumps. */
export type Density = "usual" | "compact";

const PLACE = "quarterdeck.density";

export function storedDensity(): Density {
  return localStorage.getItem(PLACE) === "compact" ? "compact" : "usual";
}

export function chooseDensity(density: Density): void {
  if (density === "usual") localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, density);
  applyDensity();
}

export function applyDensity(): void {
  document.documentElement.dataset.density = storedDensity();
}
