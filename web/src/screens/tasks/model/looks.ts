/** How a node looks: its shade, its width, its words. Pure; rates are only put into words here. */
import type { TaskNode } from "@/api/tasks";
import { counted, FEW, formatCount, formatDifference, formatEstimate } from "@/format";
import { visibleText } from "@/parts/hostile";

/** `1` to `6` of the one scale; `few` is hatched; `none`: no outcome is known. */
export type Shade = "1" | "2" | "3" | "4" | "5" | "6" | "few" | "none" | "changed" | "same";

export function shadeOf(node: TaskNode): Shade {
  if (node.compare) return changed(node) ? "changed" : "same";
  const { value, n } = node.success;
  if (typeof value !== "number") return "none";
  if (n !== null && n < FEW) return "few";
  return String(Math.min(6, Math.floor(value * 6) + 1)) as Shade;
}

const FOUND = ["better", "worse", "more_often", "less_often"];

/** What is told of a difference, only where the interval leaves out zero. */
function changed(node: TaskNode): string | null {
  const { compare } = node;
  if (!compare) return null;
  if (FOUND.includes(compare.success.verdict)) {
    const { arrow, change, verdict } = formatDifference(compare.success, "rate");
    return `${arrow} ${change} ${verdict}`;
  }
  if (FOUND.includes(compare.moved)) {
    const { arrow, change, verdict } = formatDifference(
      { ...compare.reached, verdict: compare.moved },
      "rate",
    );
    return `${arrow} ${change} ${verdict}`;
  }
  return null;
}

/** The second line of a node. */
export function figureOf(node: TaskNode): string {
  if (node.compare) {
    const { a, b } = node.compare;
    return changed(node) ?? `${formatCount(a.sessions)} → ${formatCount(b.sessions)} sessions`;
  }
  return formatEstimate(node.success, "rate", { unknown: node.outcomes.unknown }).whole;
}

export function nameOf(node: TaskNode): string {
  if (node.kind === "others") return counted(node.folded, "rarer way");
  if (node.kind === "start") return "all sessions";
  return node.label;
}

/** `↻ 3`, `↻ 1–9`: how often in a row; "" where nobody repeated it. */
export function loopOf({ loops }: TaskNode): string {
  if (!loops || loops.repeated === 0) return "";
  const { median, most } = loops;
  return median === most
    ? `↻ ${formatCount(most)}`
    : `↻ ${formatCount(median)}–${formatCount(most)}`;
}

/** All of a node in words, for those who don't see the picture. */
export function saidOf(node: TaskNode): string {
  const { loops } = node;
  const parts = [
    visibleText(nameOf(node), 200),
    counted(node.sessions, "session"),
    node.compare ? figureOf(node) : `success ${figureOf(node)}`,
    loops && loops.repeated > 0
      ? `repeated by ${formatCount(loops.repeated)}, at most ${formatCount(loops.most)} times`
      : "",
    node.ended_here > 0 ? `${formatCount(node.ended_here)} end here` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

const NARROWEST = 92;
const WIDEST = 192;

/** What the two lines of a node need, in pixels, by their letters. */
export function widthOf(node: TaskNode): number {
  const loop = loopOf(node);
  const count = formatCount(node.sessions);
  const first =
    44 + nameOf(node).length * 6.9 + (loop.length + count.length) * 6.6 + (loop ? 8 : 0);
  const second = 20 + figureOf(node).length * 6.8;
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, first, second)));
}
