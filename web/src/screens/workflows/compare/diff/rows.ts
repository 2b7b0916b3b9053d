/**
 * Two texts as rows to be laid beside each other: lines that are equal, that came, that went, and
 * those that became another, word by word. Pure; run in a worker, because texts may be long.
 */
import { diffLines, diffWordsWithSpace } from "diff";

export interface Piece {
  readonly text: string;
  /** Differs from the other side. */
  readonly differs: boolean;
}

export interface Side {
  /** From 1. */
  readonly line: number;
  readonly pieces: readonly Piece[];
}

export interface Row {
  readonly kind: "same" | "changed" | "added" | "removed";
  readonly before: Side | null;
  readonly after: Side | null;
}

/** Beyond it lines are told as gone and come, without their words: nobody would wait for more. */
const LONGEST_LINE = 5_000;
/** Of words in common: below it, one line after the other is the better reading. */
const LEAST_IN_COMMON = 0.3;
const WITHIN_MS = 2_000;

export function rowsOf(before: string, after: string): Row[] {
  const parts = diffLines(before, after, { timeout: WITHIN_MS });
  // Too different to be told in time: all of it went, all of it came.
  if (!parts) return replaced(linesOf(before), linesOf(after), 1, 1);
  const rows: Row[] = [];
  let [left, right] = [1, 1];
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at];
    if (!part) continue;
    const lines = linesOf(part.value);
    if (!part.added && !part.removed) {
      for (const text of lines) {
        rows.push({ kind: "same", before: whole(left, text), after: whole(right, text) });
        left += 1;
        right += 1;
      }
      continue;
    }
    const next = parts[at + 1];
    const isReplaced = part.removed && next?.added;
    const gone = part.removed ? lines : [];
    const came = isReplaced ? linesOf(next.value) : part.added ? lines : [];
    rows.push(...replaced(gone, came, left, right));
    left += gone.length;
    right += came.length;
    if (isReplaced) at += 1;
  }
  return rows;
}

/** Lines that took the place of others: in pairs as far as they have words in common. */
function replaced(
  gone: readonly string[],
  came: readonly string[],
  left: number,
  right: number,
): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < Math.max(gone.length, came.length); at += 1) {
    const [old, now] = [gone[at], came[at]];
    const pair = old !== undefined && now !== undefined ? wordsOf(old, now) : null;
    if (pair) {
      rows.push({
        kind: "changed",
        before: { line: left + at, pieces: pair.before },
        after: { line: right + at, pieces: pair.after },
      });
      continue;
    }
    rows.push({
      kind: old === undefined ? "added" : now === undefined ? "removed" : "changed",
      before: old === undefined ? null : whole(left + at, old, true),
      after: now === undefined ? null : whole(right + at, now, true),
    });
  }
  return rows;
}

function wordsOf(old: string, now: string): { before: Piece[]; after: Piece[] } | null {
  if (old.length > LONGEST_LINE || now.length > LONGEST_LINE) return null;
  const parts = diffWordsWithSpace(old, now);
  const same = parts.reduce(
    (sum, part) => sum + (part.added || part.removed ? 0 : part.value.trim().length),
    0,
  );
  if (same < LEAST_IN_COMMON * Math.min(old.trim().length, now.trim().length)) return null;
  return {
    before: parts.flatMap((part) =>
      part.added ? [] : [{ text: part.value, differs: part.removed }],
    ),
    after: parts.flatMap((part) =>
      part.removed ? [] : [{ text: part.value, differs: part.added }],
    ),
  };
}

function whole(line: number, text: string, differs = false): Side {
  return { line, pieces: [{ text, differs }] };
}

/** Without the line break; a text that ends with one has no empty line after it. */
function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

export interface Fold {
  /** Index of the first row that is folded. */
  readonly from: number;
  readonly rows: readonly Row[];
}

const AROUND = 3;
/** Folding fewer would hide what a line of its own says. */
const LEAST_FOLDED = 5;

/** Rows in order, with long stretches of equal ones folded but for three lines around a change. */
export function folded(rows: readonly Row[]): (Row | Fold)[] {
  const shown: (Row | Fold)[] = [];
  for (let at = 0; at < rows.length; ) {
    let end = at;
    while (end < rows.length && rows[end]?.kind === "same") end += 1;
    const from = at === 0 ? 0 : Math.min(end, at + AROUND);
    const until = end === rows.length ? end : Math.max(from, end - AROUND);
    if (end > at && until - from >= LEAST_FOLDED) {
      shown.push(...rows.slice(at, from), { from, rows: rows.slice(from, until) });
      shown.push(...rows.slice(until, end));
      at = end;
    } else if (end > at) {
      shown.push(...rows.slice(at, end));
      at = end;
    } else {
      const row = rows[at];
      if (row) shown.push(row);
      at += 1;
    }
  }
  return shown;
}
