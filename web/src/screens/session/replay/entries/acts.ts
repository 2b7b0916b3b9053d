/** A person's act in words. Pure. */
import type { components } from "@/api/schema";

type Act = components["schemas"]["TranscriptEntry"]["act"] & object;

/** What the person did, so that the thing it was done to can stand behind it. */
const DID: Record<Act["kind"], string> = {
  approval: "approved",
  rejection: "rejected",
  correction: "corrected",
  answer: "answered",
  takeover: "took over",
  stop: "stopped",
};

/** `approved`, `rejected`, `is waited for (approval)`, `did not answer in time`. */
export function actText(act: Pick<Act, "kind" | "decision" | "pending">): string {
  if (act.pending) return `is waited for (${act.kind})`;
  if (act.decision === "timeout") return "did not answer in time";
  if (act.decision === "cancelled") return "cancelled the request";
  return DID[act.kind] ?? act.kind;
}
