/**
 * Which rows of the span tree are shown: all but those below closed ones, or those that pass the
 * filter with everything above them. Pure and linear over typed arrays.
 */
import type { Model } from "../model";

export type Shape = Pick<
  Model,
  "count" | "parent" | "order" | "level" | "descendants" | "error" | "episode" | "position"
>;

/** Stands in `rows` where the orphans begin. */
export const ORPHANS = -1;

export interface Visible {
  /** Rows in the order of the screen; `ORPHANS` once, before those whose parent never arrived. */
  readonly rows: Int32Array;
  /** By row: its place in `rows`; -1: not shown. */
  readonly places: Int32Array;
}

export interface Choice {
  readonly closed: ReadonlySet<number>;
  /** By row 1: it passes; null: no filter. */
  readonly passes: Uint8Array | null;
  /** Root rows that name a parent which never arrived. */
  readonly orphans: ReadonlySet<number>;
}

export function visibleRows(tree: Shape, choice: Choice): Visible {
  const shown = new Int32Array(tree.count + 1);
  const places = new Int32Array(tree.count).fill(-1);
  const kept = choice.passes ? withAncestors(tree, choice.passes) : null;
  let length = 0;
  const walk = (isOrphans: boolean) => {
    let at = 0;
    while (at < tree.count) {
      const row = tree.order[at] ?? 0;
      const below = tree.descendants[row] ?? 0;
      const isRoot = (tree.parent[row] ?? -1) < 0;
      if (isRoot && choice.orphans.has(row) !== isOrphans) {
        at += below + 1;
        continue;
      }
      if (kept && kept[row] !== 1) {
        at += below + 1;
        continue;
      }
      places[row] = length;
      shown[length++] = row;
      // A filter opens everything: what it found must be seen.
      at += !kept && choice.closed.has(row) ? below + 1 : 1;
    }
  };
  walk(false);
  if (choice.orphans.size > 0) {
    const before = length;
    shown[length++] = ORPHANS;
    walk(true);
    if (length === before + 1) length = before;
  }
  return { rows: shown.subarray(0, length), places };
}

function withAncestors(tree: Shape, passes: Uint8Array): Uint8Array {
  const kept = Uint8Array.from(passes);
  for (let row = tree.count - 1; row >= 0; row--) {
    const above = tree.parent[row] ?? -1;
    if (above >= 0 && kept[row] === 1) kept[above] = 1;
  }
  return kept;
}

export interface Siblings {
  /** By row: from 1, among those with the same parent. */
  readonly place: Int32Array;
  /** By row: how many those are. */
  readonly size: Int32Array;
}

export function siblingsOf(tree: Shape): Siblings {
  const place = new Int32Array(tree.count);
  const size = new Int32Array(tree.count);
  const children = new Int32Array(tree.count + 1);
  for (let row = 0; row < tree.count; row++) {
    const above = (tree.parent[row] ?? -1) + 1;
    const next = (children[above] ?? 0) + 1;
    children[above] = next;
    place[row] = next;
  }
  for (let row = 0; row < tree.count; row++) {
    size[row] = children[(tree.parent[row] ?? -1) + 1] ?? 0;
  }
  return { place, size };
}

/** 0: nothing failed here or below; 1: only what was recovered from; 2: something that was not. */
export function errorPaths(tree: Shape): Uint8Array {
  const found = new Uint8Array(tree.count);
  for (let row = tree.count - 1; row >= 0; row--) {
    if (tree.error[row] === 1) {
      const own = (tree.episode[row] ?? 0) > 0 ? 1 : 2;
      // A parent that only passes on what was recovered below it is no failure of its own.
      const isPassedOn = found[row] === 1 && tree.episode[row] === 0;
      if (!isPassedOn) found[row] = Math.max(found[row] ?? 0, own);
    }
    const above = tree.parent[row] ?? -1;
    if (above >= 0) found[above] = Math.max(found[above] ?? 0, found[row] ?? 0);
  }
  return found;
}

export interface Texts {
  readonly names: readonly string[];
  readonly kinds: readonly string[];
  readonly agents: readonly string[];
}

/**
 * Rows of which every word of `filter` is in the name, the kind or the agent; `error` finds the
 * failed ones. null: no filter.
 */
export function passing(
  tree: Shape & Pick<Model, "name" | "kind" | "agent">,
  texts: Texts,
  filter: string,
): Uint8Array | null {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const found = new Uint8Array(tree.count).fill(1);
  for (const word of words) {
    const holds = (text: string) => text.toLowerCase().includes(word);
    const names = texts.names.map(holds);
    const kinds = texts.kinds.map(holds);
    const agents = texts.agents.map(holds);
    const isError = word === "error" || word === "failed";
    for (let row = 0; row < tree.count; row++) {
      const passes =
        names[tree.name[row] ?? 0] ||
        kinds[tree.kind[row] ?? 0] ||
        agents[tree.agent[row] ?? 0] ||
        (isError && tree.error[row] === 1);
      if (!passes) found[row] = 0;
    }
  }
  return found;
}

/** What has to be open so that a row is seen, nearest first. */
export function ancestorsOf(tree: Pick<Shape, "parent">, row: number): number[] {
  const found: number[] = [];
  let above = tree.parent[row] ?? -1;
  while (above >= 0) {
    found.push(above);
    above = tree.parent[above] ?? -1;
  }
  return found;
}
