/** A person's act in words. Pure. */
import type { components } from "@/api/schema";

type Act = components["schemas"]["TranscriptEntry"]["act"] & object;

const WORDS: Record<string, string> = {
  approval: "approval",
  rejection: "rejection",
  correction: "correction",
  answer: "answer",
  takeover: "takeover",
  stop: "stopped the agent",
  escalation: "escalation",
  feedback: "feedback",
};

/** `approval, approved` is said once; a request without an answer says so. */
export function actText(act: Pick<Act, "kind" | "decision" | "pending">): string {
  const kind = WORDS[act.kind] ?? act.kind.replaceAll("_", " ");
  if (act.pending) return `is waited for: ${kind}`;
  const decision = act.decision.replaceAll("_", " ");
  const isSame = decision === "none" || decision.slice(0, 5) === kind.slice(0, 5);
  return isSame ? kind : `${kind}: ${decision}`;
}
