/** A decision in words. Pure. */
import type { DecisionNode } from "@/api/tasks";
import { formatCount, formatUsd } from "@/format";

const ICONS: Record<string, string> = {
  choice: "model",
  retry: "tool",
  fallback: "model",
  loop: "step",
  end: "outcome",
};

/** Which icon; KindMark knows the others by their own name. */
export function iconKind(node: DecisionNode): string {
  return ICONS[node.kind] ?? node.kind;
}

const WORDS: Record<string, string> = {
  retry: "again",
  fallback: "fell back from",
  loop: "in turn",
  end: "ended",
};

/** Before the label; "" where the icon says it. */
export function leadWord(node: DecisionNode): string {
  if (node.kind === "loop" && (node.children ?? []).length < 2) return "";
  return WORDS[node.kind] ?? "";
}

/** `3 rounds: 2 ok, 1 error` */
export function roundsText({ count, statuses, kind }: DecisionNode): string {
  if (kind !== "loop" || count === undefined) return "";
  const ends = Object.entries(statuses ?? {})
    .filter(([status]) => status !== "unset")
    .map(([status, times]) => `${formatCount(times)} ${status}`);
  const isPlain = ends.length === 0 || (ends.length === 1 && statuses?.ok === count);
  return `↻ ${formatCount(count)} rounds${isPlain ? "" : `: ${ends.join(", ")}`}`;
}

/** `given up after $2.10`; "" where it was not. */
export function leftText({ left, total_usd }: DecisionNode): string {
  if (!left) return "";
  return total_usd === undefined ? "given up" : `given up after ${formatUsd(total_usd)}`;
}

/** Statuses worth a word: an ordinary end is not. */
export function statusOf({ status, kind }: DecisionNode): string {
  if (!status || kind === "human" || kind === "end" || kind === "loop") return "";
  return ["ok", "unset"].includes(status) ? "" : status;
}
