/**
 * What a viewer unfolded, in this session and in the next one.
 *
 * A single thing is remembered while the app is open. What is unfolded or folded again and again
 * of one sort (thoughts, results) becomes the rule for that sort, kept in this browser.
 */
import { useSyncExternalStore } from "react";

export type Sort = "thought" | "result" | "arguments" | "message" | "agent";

const PLACE = "quarterdeck.unfolded";
const chosen = new Map<string, boolean>();
const listeners = new Set<() => void>();
let rules: ReadonlySet<string> = readRules();
let version = 0;

function readRules(): ReadonlySet<string> {
  if (typeof localStorage === "undefined") return new Set();
  return new Set((localStorage.getItem(PLACE) ?? "").split(" ").filter(Boolean));
}

function changed(): void {
  version += 1;
  for (const listener of listeners) listener();
}

export function isUnfolded(session: string, sort: Sort, which: string | number): boolean {
  return chosen.get(`${session} ${sort} ${which}`) ?? rules.has(sort);
}

export function unfold(session: string, sort: Sort, which: string | number, on: boolean): void {
  const key = `${session} ${sort} ${which}`;
  if ((chosen.get(key) ?? rules.has(sort)) === on) return;
  chosen.set(key, on);
  changed();
}

/** All of one sort, here and in other sessions. */
export function unfoldAll(sort: Sort, on: boolean): void {
  const next = new Set(rules);
  if (on) next.add(sort);
  else next.delete(sort);
  rules = next;
  for (const key of chosen.keys()) if (key.split(" ").at(-2) === sort) chosen.delete(key);
  if (next.size > 0) localStorage.setItem(PLACE, [...next].join(" "));
  else localStorage.removeItem(PLACE);
  changed();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useUnfolded(session: string, sort: Sort, which: string | number): boolean {
  return useSyncExternalStore(subscribe, () => isUnfolded(session, sort, which));
}

/** All that is unfolded of one sort by rule. */
export function useRule(sort: Sort): boolean {
  return useSyncExternalStore(subscribe, () => rules.has(sort));
}

/** Changes with every fold: for what depends on many of them. */
export function useFoldVersion(): number {
  return useSyncExternalStore(subscribe, () => version);
}
