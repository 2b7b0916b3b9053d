/**
 * Which lane of the timeline each span is drawn in: by agent, below its parent, beside what ran at
 * the same time. What people did and what was waited for has lanes of its own, on top.
 *
 * Pure and linear in the rows; it runs in the worker.
 */
import type { Columns, SkeletonAct, SkeletonKind } from "../model/columns";
import type { Axis } from "./folds";

export interface Group {
  /** Position in the session's agents; -1: people. */
  readonly agent: number;
  readonly firstLane: number;
  readonly lanes: number;
  /** More ran at once than there are lanes: its last one holds what overlaps. */
  readonly crowded: boolean;
}

/** A bar of the people's lanes. */
export interface Wait {
  readonly row: number;
  readonly fromUs: number;
  readonly untilUs: number;
  readonly pending: boolean;
  readonly lane: number;
}

export interface Lanes {
  readonly groups: readonly Group[];
  readonly waits: readonly Wait[];
  readonly count: number;
  /** Rows of lane `n`: `rows[first[n]]` up to `rows[first[n + 1]]`, by start. */
  readonly first: Int32Array;
  readonly rows: Int32Array;
  /** By row; -1: drawn in no lane (a person's act). */
  readonly laneOf: Int32Array;
  /** By row: where its bar begins and ends, in µs of the axis. */
  readonly fromAt: Float64Array;
  readonly untilAt: Float64Array;
}

/** Lanes of one agent at most: a fan-out of 50,000 is one crowded lane and not 50,000. */
const MOST = 32;
const MOST_OF_PEOPLE = 4;

export function layLanes(
  columns: Columns,
  kinds: readonly SkeletonKind[],
  acts: readonly SkeletonAct[],
  extentUs: number,
  axis: Pick<Axis, "at">,
): Lanes {
  const waits = waitsOf(columns, kinds, acts, extentUs);
  const peopleLanes = waits.reduce((most, one) => Math.max(most, one.lane + 1), 0);
  const { local, byAgent } = pack(columns, kinds, extentUs);
  const groups: Group[] = [];
  let next = 0;
  if (peopleLanes > 0) {
    groups.push({ agent: -1, firstLane: 0, lanes: peopleLanes, crowded: false });
    next = peopleLanes;
  }
  const firstOf = new Map<number, number>();
  for (const [agent, packed] of byAgent) {
    const lanes = packed.ends.length;
    groups.push({ agent, firstLane: next, lanes, crowded: packed.crowded });
    firstOf.set(agent, next);
    next += lanes;
  }
  const laneOf = new Int32Array(columns.count).fill(-1);
  const sizes = new Int32Array(next + 1);
  for (let row = 0; row < columns.count; row++) {
    const lane = local[row] ?? -1;
    if (lane < 0) continue;
    const placed = (firstOf.get(columns.agent[row] ?? 0) ?? 0) + lane;
    laneOf[row] = placed;
    sizes[placed + 1] = (sizes[placed + 1] ?? 0) + 1;
  }
  for (let lane = 0; lane < next; lane++) {
    sizes[lane + 1] = (sizes[lane + 1] ?? 0) + (sizes[lane] ?? 0);
  }
  const rows = fillLanes(laneOf, sizes);
  const fromAt = new Float64Array(columns.count);
  const untilAt = new Float64Array(columns.count);
  for (let row = 0; row < columns.count; row++) {
    fromAt[row] = axis.at(columns.startUs[row] ?? 0);
    untilAt[row] = axis.at(endUs(columns, row, extentUs));
  }
  return { groups, waits, count: next, first: sizes, rows, laneOf, fromAt, untilAt };
}

interface Packed {
  /** By lane: when its last span ends. */
  readonly ends: number[];
  crowded: boolean;
}

function pack(columns: Columns, kinds: readonly SkeletonKind[], extentUs: number) {
  const local = new Int32Array(columns.count).fill(-1);
  const byAgent = new Map<number, Packed>();
  for (let row = 0; row < columns.count; row++) {
    if (kinds[columns.kind[row] ?? 0] === "human") continue;
    const agent = columns.agent[row] ?? 0;
    let packed = byAgent.get(agent);
    if (!packed) {
      packed = { ends: [], crowded: false };
      byAgent.set(agent, packed);
    }
    const above = columns.parent[row] ?? -1;
    const isInside = above >= 0 && columns.agent[above] === agent && (local[above] ?? -1) >= 0;
    const start = columns.startUs[row] ?? 0;
    let lane = isInside ? Math.min(MOST - 1, (local[above] ?? 0) + 1) : 0;
    while (lane < MOST - 1 && (packed.ends[lane] ?? 0) > start) lane++;
    if ((packed.ends[lane] ?? 0) > start) packed.crowded = true;
    const end = endUs(columns, row, extentUs);
    // A span of no length still takes its place, else all of a moment would lie in one lane.
    packed.ends[lane] = Math.max(packed.ends[lane] ?? 0, end);
    for (let empty = 0; empty < lane; empty++) packed.ends[empty] ??= 0;
    local[row] = lane;
  }
  return { local, byAgent };
}

/** When a span ends; one that is open goes on to the last known end. */
export function endUs(columns: Columns, row: number, extentUs: number): number {
  const duration = columns.durationUs[row] ?? 0;
  const start = columns.startUs[row] ?? 0;
  return duration < 0 ? Math.max(start, extentUs) : start + duration;
}

function fillLanes(laneOf: Int32Array, first: Int32Array): Int32Array {
  const next = Int32Array.from(first);
  const rows = new Int32Array(first[first.length - 1] ?? 0);
  for (let row = 0; row < laneOf.length; row++) {
    const lane = laneOf[row] ?? -1;
    if (lane < 0) continue;
    const at = next[lane] ?? 0;
    rows[at] = row;
    next[lane] = at + 1;
  }
  return rows;
}

function waitsOf(
  columns: Columns,
  kinds: readonly SkeletonKind[],
  acts: readonly SkeletonAct[],
  extentUs: number,
): Wait[] {
  const found: Omit<Wait, "lane">[] = [];
  const told = new Set<number>();
  for (const act of acts) {
    told.add(act.row);
    const fromUs = act.pending ? act.at_us : act.at_us - (act.waited_us ?? 0);
    const untilUs = act.pending ? extentUs : act.at_us;
    found.push({ row: act.row, fromUs, untilUs, pending: act.pending });
  }
  for (let row = 0; row < columns.count; row++) {
    if (kinds[columns.kind[row] ?? 0] !== "human" || told.has(row)) continue;
    const fromUs = columns.startUs[row] ?? 0;
    found.push({ row, fromUs, untilUs: endUs(columns, row, extentUs), pending: false });
  }
  found.sort((a, b) => a.fromUs - b.fromUs);
  const ends: number[] = [];
  return found.map((one) => {
    let lane = ends.findIndex((end) => end <= one.fromUs);
    if (lane < 0) lane = Math.min(ends.length, MOST_OF_PEOPLE - 1);
    ends[lane] = Math.max(ends[lane] ?? 0, one.untilUs);
    return { ...one, lane };
  });
}

/** The place in `rows` of the first of the lane that has not ended before `us`. */
export function firstShown(lanes: Lanes, columns: Columns, lane: number, us: number): number {
  let low = lanes.first[lane] ?? 0;
  let high = lanes.first[lane + 1] ?? 0;
  const begin = low;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((columns.startUs[lanes.rows[middle] ?? 0] ?? 0) < us) low = middle + 1;
    else high = middle;
  }
  // The one before may reach into what is shown; in a crowded lane a few before it, too.
  return Math.max(begin, low - 1);
}
