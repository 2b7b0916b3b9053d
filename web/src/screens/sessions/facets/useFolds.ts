/** Which facets somebody folded or unfolded; kept in this browser. */
import { useSyncExternalStore } from "react";

const PLACE = "quarterdeck.facets";
const CHANGED = "quarterdeck:facets";

export function useFolds() {
  const stored = useSyncExternalStore(listen, () => localStorage.getItem(PLACE) ?? "{}");
  const folds = read(stored);
  return {
    isFolded: (field: string, usual: boolean) => folds[field] ?? usual,
    fold: (field: string, isFolded: boolean) => {
      try {
        localStorage.setItem(PLACE, JSON.stringify({ ...folds, [field]: isFolded }));
      } catch {
        return;
      }
      window.dispatchEvent(new Event(CHANGED));
    },
  };
}

function read(stored: string): Record<string, boolean | undefined> {
  try {
    const told: unknown = JSON.parse(stored);
    return typeof told === "object" && told !== null ? (told as Record<string, boolean>) : {};
  } catch {
    return {};
  }
}

function listen(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed);
  return () => window.removeEventListener(CHANGED, changed);
}
