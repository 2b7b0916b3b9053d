/** A text in the pieces that redaction leaves and hides. Pure. */
import type { RedactionTried } from "@/api/settings";

export interface Piece {
  /** Characters (code points) before it. */
  readonly at: number;
  readonly text: string;
  /** Of what is hidden; null for what stays. */
  readonly kind: string | null;
}

/** Places are counted in code points, as the server counts them. */
export function piecesOf(text: string, hidden: RedactionTried["hidden"]): Piece[] {
  const characters = [...text];
  const pieces: Piece[] = [];
  let at = 0;
  for (const one of hidden) {
    if (one.start < at || one.end > characters.length) continue;
    if (one.start > at) {
      pieces.push({ at, text: characters.slice(at, one.start).join(""), kind: null });
    }
    pieces.push({
      at: one.start,
      text: characters.slice(one.start, one.end).join(""),
      kind: one.kind,
    });
    at = one.end;
  }
  if (at < characters.length) pieces.push({ at, text: characters.slice(at).join(""), kind: null });
  return pieces;
}
