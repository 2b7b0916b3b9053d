/**
 * Where the nodes of a tree stand: from left to right, the way of most sessions straight on.
 *
 * A column for each depth, as wide as its widest text; a row for each way that is shown to its
 * end. Pure, in pixels.
 */
import type { Shown } from "./forest";

export const BOX = 40;
export const ROW = 48;
export const GAP = 36;
/** Of a ribbon that all sessions take. */
const THICKEST = 28;
const THINNEST = 1.5;

export interface Placed extends Shown {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface Ribbon {
  readonly id: string;
  readonly path: string;
}

export interface Picture {
  readonly placed: readonly Placed[];
  readonly ribbons: readonly Ribbon[];
  readonly width: number;
  readonly height: number;
}

export interface Measure {
  /** Width that a node's text needs. */
  readonly widthOf: (id: string) => number;
  /** 0 to 1: its sessions as a share of all. */
  readonly shareOf: (id: string) => number;
}

export function layOut(shown: readonly Shown[], measure: Measure): Picture {
  const columns: number[] = [];
  for (const { id, depth } of shown) {
    columns[depth] = Math.max(columns[depth] ?? 0, measure.widthOf(id));
  }
  const lefts: number[] = [];
  let right = 0;
  for (const [depth, width] of columns.entries()) {
    lefts[depth] = right;
    right += (width ?? 0) + GAP;
  }
  const rows = rowsOf(shown);
  const placed = shown.map((one, at) => ({
    ...one,
    x: lefts[one.depth] ?? 0,
    y: (rows[at] ?? 0) * ROW,
    width: columns[one.depth] ?? 0,
  }));
  return {
    placed,
    ribbons: ribbonsOf(placed, measure),
    width: Math.max(0, right - GAP),
    height: (Math.max(-1, ...rows) + 1) * ROW - (ROW - BOX),
  };
}

/**
 * A row for each node. Its first child goes on in its row; every other one stands as high as the
 * columns that it and what follows it needs are free.
 */
function rowsOf(shown: readonly Shown[]): number[] {
  const rows: number[] = [];
  /** The first free row of each column. */
  const free: number[] = [];
  const take = (at: number): number => {
    const root = shown[at];
    if (!root) return at;
    let end = at + 1;
    while ((shown[end]?.depth ?? -1) > root.depth) end += 1;
    const parts = firstWay(shown, at, end);
    const row = Math.max(...parts.map((depth) => free[depth] ?? 0));
    for (const [step, depth] of parts.entries()) {
      rows[at + step] = row;
      free[depth] = row + 1;
    }
    // What branches off comes below, the innermost first.
    for (let next = at + parts.length; next < end; ) next = take(next);
    return end;
  };
  for (let at = 0; at < shown.length; ) at = take(at);
  return rows;
}

/** Depths of a node, its first child, the first child of that, and so on. */
function firstWay(shown: readonly Shown[], at: number, end: number): number[] {
  const depths: number[] = [];
  for (let index = at; index < end; index++) {
    const depth = shown[index]?.depth ?? 0;
    const before = depths.at(-1);
    if (before !== undefined && depth !== before + 1) break;
    depths.push(depth);
  }
  return depths;
}

function thickness(share: number): number {
  return Math.max(THINNEST, share * THICKEST);
}

function ribbonsOf(placed: readonly Placed[], measure: Measure): Ribbon[] {
  const way: { at: Placed; used: number }[] = [];
  const found: Ribbon[] = [];
  for (const at of placed) {
    way.length = at.depth;
    const from = way[at.depth - 1];
    if (from) {
      const thick = thickness(measure.shareOf(at.id));
      const whole = thickness(measure.shareOf(from.at.id));
      const x0 = from.at.x + from.at.width;
      const y0 = from.at.y + BOX / 2 - whole / 2 + from.used;
      const y1 = at.y + BOX / 2 - thick / 2;
      found.push({ id: at.id, path: ribbon(x0, y0, at.x, y1, thick) });
      from.used += thick;
    }
    way[at.depth] = { at, used: 0 };
  }
  return found;
}

function ribbon(x0: number, y0: number, x1: number, y1: number, thick: number): string {
  const bend = (x0 + x1) / 2;
  const [a, b, c, d] = [y0, y1, y1 + thick, y0 + thick].map((y) => y.toFixed(1));
  return `M${x0} ${a}C${bend} ${a} ${bend} ${b} ${x1} ${b}V${c}C${bend} ${c} ${bend} ${d} ${x0} ${d}Z`;
}

export type Direction = "up" | "down" | "left" | "right";

/** The node that one comes to from another by an arrow; null where there is none. */
export function nodeTowards(
  placed: readonly Placed[],
  from: string,
  direction: Direction,
): string | null {
  const at = placed.findIndex((one) => one.id === from);
  const here = placed[at];
  if (!here) return placed[0]?.id ?? null;
  if (direction === "right") {
    const next = placed[at + 1];
    return next && next.depth === here.depth + 1 ? next.id : null;
  }
  if (direction === "left") {
    for (let index = at - 1; index >= 0; index--) {
      const one = placed[index];
      if (one && one.depth === here.depth - 1) return one.id;
    }
    return null;
  }
  const sign = direction === "down" ? 1 : -1;
  // In its own column first; a column that ends leads on to the nearest row.
  const there = placed.filter((one) => (one.y - here.y) * sign > 0);
  const same = there.filter((one) => one.depth === here.depth);
  const nearest = (some: readonly Placed[]) =>
    some.toSorted(
      (one, two) =>
        Math.abs(one.y - here.y) - Math.abs(two.y - here.y) ||
        Math.abs(one.depth - here.depth) - Math.abs(two.depth - here.depth),
    )[0]?.id ?? null;
  return nearest(same) ?? nearest(there);
}
