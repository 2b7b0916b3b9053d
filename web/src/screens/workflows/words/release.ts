/** How a canary stands, in words. Pure. */
import type { ReleaseState } from "@/api/workflows";

const STATES: Record<ReleaseState, string> = {
  running: "canary runs",
  held: "canary is held",
  promoted: "promoted",
  rolled_back: "rolled back",
  superseded: "ended by another release",
};

export function stateWords(state: ReleaseState | (string & {})): string {
  return STATES[state as ReleaseState] ?? state.replaceAll("_", " ");
}

const DECIDED = new Set(["better", "worse"]);

/** A promotion now would be one without evidence. */
export function isUndecided(verdict: string | null | undefined): boolean {
  return !DECIDED.has((verdict ?? "").replaceAll("_", " "));
}

const VERDICTS: Record<string, string> = {
  better: "The candidate is better.",
  worse: "The candidate is worse.",
  "no difference found": "No difference found.",
  "not enough data": "Not enough data.",
};

export function verdictWords(verdict: string | null | undefined): string {
  const word = (verdict ?? "").replaceAll("_", " ");
  return VERDICTS[word] ?? (word || "Not looked at yet.");
}
