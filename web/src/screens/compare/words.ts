/** Places of two sessions in words. Pure. */
import { formatCount } from "@/format";

/** `12–40`, `12`, "" for none; both ends inclusive. */
export function rangeText(from: number | null, to: number | null): string {
  if (from === null || to === null) return "";
  return from === to ? formatCount(from) : `${formatCount(from)}–${formatCount(to)}`;
}

export interface Piece {
  readonly text: string;
  readonly change: "same" | "added" | "removed";
}

/** Texts with less in common are told one after the other: mixed, nobody could read them. */
const LEAST_IN_COMMON = 0.4;

/** Words of `b` against those of `a`; `diff` is loaded when it is first needed. */
export async function wordPieces(a: string, b: string): Promise<Piece[]> {
  const { diffWordsWithSpace } = await import("diff");
  const pieces = (diffWordsWithSpace(a, b, { timeout: 500 }) ?? []).map(
    ({ value, added, removed }): Piece => ({
      text: value,
      change: added ? "added" : removed ? "removed" : "same",
    }),
  );
  const same = pieces.reduce(
    (sum, piece) => sum + (piece.change === "same" ? piece.text.length : 0),
    0,
  );
  if (same >= LEAST_IN_COMMON * Math.min(a.length, b.length)) return pieces;
  return [
    { text: a, change: "removed" },
    { text: b, change: "added" },
  ];
}
