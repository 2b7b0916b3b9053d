/** What was known when somebody moved, in words. Pure. */
import type { Move } from "@/api/workflows";

/** `worse`, `without evidence: not enough data`; "" where nothing was to be known. */
export function evidenceWords(move: Pick<Move, "without_evidence" | "evidence">): string {
  const verdict = move.evidence.verdict;
  const told = typeof verdict === "string" ? verdict.replaceAll("_", " ") : "";
  if (!move.without_evidence) return told;
  return told ? `without evidence: ${told}` : "without evidence";
}
