/** What happened to an environment, in words. Pure. */
import type { MoveKind } from "@/api/workflows";
import { formatShare, formatVersion } from "@/format";

interface Running {
  readonly stable: number;
  readonly candidate: number | null;
  /** Of the candidate, 0 to 1. */
  readonly share: number;
}

export interface MoveTold extends Running {
  readonly kind: MoveKind | (string & {});
}

/** `v13`, `v13 90 % · v14 10 %` */
export function runningWords({ stable, candidate, share }: Running): string {
  if (candidate === null) return named(stable);
  return `${named(stable)} ${formatShare(1 - share)} · ${named(candidate)} ${formatShare(share)}`;
}

/** What somebody did, as the words after their name: "started a canary of v14 with 10 %". */
export function moveWords(move: MoveTold): string {
  const { kind, stable, candidate, share } = move;
  const new_ = candidate === null ? "the candidate" : named(candidate);
  switch (kind) {
    case "release":
      return `released ${named(stable)}`;
    case "canary":
      return `started a canary of ${new_} with ${formatShare(share)}`;
    case "share":
      return `gave ${new_} ${formatShare(share)}`;
    case "hold":
      return `held the canary of ${new_}`;
    case "resume":
      return `let the canary of ${new_} go on with ${formatShare(share)}`;
    case "promote":
      return `promoted ${named(stable)} to everyone`;
    case "rollback":
      return `rolled back to ${named(stable)}`;
    default:
      return `${kind}: ${runningWords(move)}`;
  }
}

/** "The watch" for the job that acts by the stated rule; an account by its name, a key as one. */
export function actorWords(by: string): string {
  if (by === "watch") return "The watch";
  if (by === "local" || by === "") return "Somebody here";
  return by.replace(/^account:/, "").replace(/^key:/, "key ");
}

export function named(version: number | string): string {
  return formatVersion(String(version));
}
