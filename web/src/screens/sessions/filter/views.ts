/** Filters that somebody gave a name, kept in this browser for each project. */
import { useSyncExternalStore } from "react";
import type { SessionsSearch } from "../address";
import { sessionsAddress } from "../address";

export interface SavedView {
  readonly name: string;
  readonly search: SessionsSearch;
}

const PLACE = "quarterdeck.views.";
const CHANGED = "quarterdeck:views";
const MOST = 50;

export function useViews(project: string): readonly SavedView[] {
  const stored = useSyncExternalStore(listen, () => localStorage.getItem(PLACE + project) ?? "");
  return readViews(stored);
}

/** What can't be read is left out. */
export function readViews(stored: string): SavedView[] {
  try {
    const read: unknown = JSON.parse(stored || "[]");
    if (!Array.isArray(read)) return [];
    return read
      .filter((one) => typeof one?.name === "string" && typeof one?.search === "object")
      .map((one) => ({ name: one.name, search: sessionsAddress(one.search ?? {}) }));
  } catch {
    return [];
  }
}

/** One of the same name is replaced. False where the browser keeps nothing. */
export function saveView(project: string, view: SavedView): boolean {
  const others = storedViews(project).filter((one) => one.name !== view.name);
  return write(project, [...others, view].slice(-MOST));
}

export function forgetView(project: string, name: string): boolean {
  return write(
    project,
    storedViews(project).filter((one) => one.name !== name),
  );
}

function storedViews(project: string): SavedView[] {
  return readViews(localStorage.getItem(PLACE + project) ?? "");
}

function write(project: string, views: readonly SavedView[]): boolean {
  try {
    localStorage.setItem(PLACE + project, JSON.stringify(views));
  } catch {
    return false;
  }
  window.dispatchEvent(new Event(CHANGED));
  return true;
}

function listen(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed);
  window.addEventListener("storage", changed);
  return () => {
    window.removeEventListener(CHANGED, changed);
    window.removeEventListener("storage", changed);
  };
}
