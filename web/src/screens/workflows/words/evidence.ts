/** What was known when somebody moved, in words. Pure. */
import type { Move } from "@/api/workflows";
import { isUndecided } from "./release";

/** `worse`, `without evidence: not enough data`; "" where nothing was to be known. */
export function evidenceWords(move: Pick<Move, "kind" | "evidence">): string {
  const verdict = move.evidence.verdict;
  const told = typeof verdict === "string" ? verdict.replaceAll("_", " ") : "";
  if (move.kind === "promote" && isUndecided(told)) {
    return told ? `without evidence: ${told}` : "without evidence";
  }
  return told;
}
