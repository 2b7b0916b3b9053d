/** Steps and spans have twelve kinds, of which nine have a color and an icon. */
import type { SkeletonKind } from "./columns";

export type ShownKind =
  | "agent"
  | "model"
  | "tool"
  | "retrieval"
  | "human"
  | "memory"
  | "guardrail"
  | "evaluation"
  | "step";

/** What a kind is drawn as: a user's word as a person's act, a handoff as an agent's. */
export function shownKind(kind: SkeletonKind | string | undefined): ShownKind {
  switch (kind) {
    case "agent":
    case "model":
    case "tool":
    case "retrieval":
    case "human":
    case "memory":
    case "guardrail":
    case "evaluation":
      return kind;
    case "user":
      return "human";
    case "handoff":
      return "agent";
    default:
      return "step";
  }
}
