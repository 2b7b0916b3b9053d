/** What a person did, as a sentence says it. Pure. */
import type { components } from "@/api/schema";

export type Act = components["schemas"]["SessionPeople"]["acts"][number];

const DID: Record<Act["kind"], string> = {
  approval: "approved",
  rejection: "rejected",
  correction: "corrected",
  answer: "answered",
  takeover: "took over",
  stop: "stopped the agent",
};

const WAITED_FOR: Partial<Record<Act["kind"], string>> = {
  approval: "waited for: an approval",
  answer: "waited for: an answer",
};

/** "approved", "corrected"; of what nobody has answered yet what is waited for. */
export function whatWasDone(act: Pick<Act, "kind" | "pending" | "decision">): string {
  if (act.pending) return WAITED_FOR[act.kind] ?? "waited for: a person";
  if (act.decision === "timeout") return "did not answer in time";
  if (act.decision === "cancelled") return "cancelled";
  return DID[act.kind];
}

/** An answer that is only the changed arguments again, as a program wrote them. */
export function isToldByChanges(act: Pick<Act, "changes" | "answer">): boolean {
  if (act.changes.length === 0 || act.answer === null) return false;
  return /^\s*\{[\s\S]*\}\s*$/.test(act.answer);
}
