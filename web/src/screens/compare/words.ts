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

/** Words of `b` against those of `a`; `diff` is loaded when it is first needed. */
export async function wordPieces(a: string, b: string): Promise<Piece[]> {
  const { diffWordsWithSpace } = await import("diff");
  const changes = diffWordsWithSpace(a, b, { timeout: 500 });
  // Too much has changed to be told word by word.
  if (!changes) {
    return [
      { text: a, change: "removed" },
      { text: b, change: "added" },
    ];
  }
  return changes.map(({ value, added, removed }) => ({
    text: value,
    change: added ? "added" : removed ? "removed" : "same",
  }));
}
