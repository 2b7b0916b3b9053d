/**
 * Where the time went, bottom up: what each span did itself, without what its children did.
 *
 * Arithmetic of the durations that are drawn, no rates. Children that ran at once are counted once
 * against their parent. Pure; it runs in the worker.
 */
import type { Columns, SkeletonKind } from "../model/columns";
import { endUs } from "./lanes";

export type By = "kind" | "model" | "tool" | "agent";
export const BYS: readonly By[] = ["kind", "model", "tool", "agent"];

export interface OwnTime {
  /** Position in kinds, names or agents. */
  readonly key: number;
  readonly count: number;
  /** Failed ones among them. */
  readonly errors: number;
  readonly ownUs: number;
  /** Of whole durations of those that have ended; null: none has. */
  readonly p50Us: number | null;
  readonly p95Us: number | null;
  /** Of all own time, of 1. */
  readonly share: number;
}

export interface Stretch {
  readonly fromUs: number;
  readonly untilUs: number;
}

/** By row: µs of its own within the stretch; of all that lies outside 0. */
export function ownTimes(columns: Columns, extentUs: number, within: Stretch): Float64Array {
  const own = new Float64Array(columns.count);
  const covered = new Float64Array(columns.count).fill(-1);
  for (let row = 0; row < columns.count; row++) {
    const from = Math.max(within.fromUs, columns.startUs[row] ?? 0);
    const until = Math.min(within.untilUs, endUs(columns, row, extentUs));
    if (until <= from) continue;
    own[row] = (own[row] ?? 0) + until - from;
    const above = columns.parent[row] ?? -1;
    if (above < 0) continue;
    // A child that outlives its parent takes no more from it than there is.
    const parentUntil = Math.min(within.untilUs, endUs(columns, above, extentUs));
    const parentFrom = Math.max(within.fromUs, columns.startUs[above] ?? 0);
    const begin = Math.max(from, parentFrom, covered[above] ?? -1);
    const end = Math.min(until, parentUntil);
    if (end > begin) own[above] = (own[above] ?? 0) - (end - begin);
    covered[above] = Math.max(covered[above] ?? -1, end);
  }
  return own;
}

/** Most own time first. `model` and `tool` hold the spans of that kind only. */
export function bottomUp(
  columns: Columns,
  kinds: readonly SkeletonKind[],
  extentUs: number,
  within: Stretch,
  by: By,
): OwnTime[] {
  const own = ownTimes(columns, extentUs, within);
  const groups = new Map<number, { own: number; errors: number; count: number; ended: number[] }>();
  let all = 0;
  for (let row = 0; row < columns.count; row++) {
    all += own[row] ?? 0;
    const key = keyOf(columns, kinds, row, by);
    if (key < 0 || !reaches(columns, row, extentUs, within)) continue;
    let group = groups.get(key);
    if (!group) {
      group = { own: 0, errors: 0, count: 0, ended: [] };
      groups.set(key, group);
    }
    group.own += own[row] ?? 0;
    group.count += 1;
    group.errors += columns.error[row] ?? 0;
    const duration = columns.durationUs[row] ?? -1;
    if (duration >= 0) group.ended.push(duration);
  }
  const found = [...groups].map(([key, group]) => {
    const sorted = Float64Array.from(group.ended).sort();
    return {
      key,
      count: group.count,
      errors: group.errors,
      ownUs: group.own,
      p50Us: quantile(sorted, 0.5),
      p95Us: quantile(sorted, 0.95),
      share: all > 0 ? group.own / all : 0,
    };
  });
  return found.sort((a, b) => b.ownUs - a.ownUs || b.count - a.count);
}

function keyOf(columns: Columns, kinds: readonly SkeletonKind[], row: number, by: By): number {
  if (by === "kind") return columns.kind[row] ?? 0;
  if (by === "agent") return columns.agent[row] ?? 0;
  return kinds[columns.kind[row] ?? 0] === by ? (columns.name[row] ?? 0) : -1;
}

function reaches(columns: Columns, row: number, extentUs: number, within: Stretch): boolean {
  const start = columns.startUs[row] ?? 0;
  return start <= within.untilUs && endUs(columns, row, extentUs) >= within.fromUs;
}

/** The nearest rank: always a duration that was measured. */
export function quantile(sorted: Float64Array, q: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
}
