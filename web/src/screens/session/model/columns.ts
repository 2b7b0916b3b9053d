/**
 * The spans of a session as columns: one typed array per fact, one place per row.
 *
 * Pure, so that the worker that reads them and the page that shows them share it. Arrays may be
 * longer than `count`: what is behind it means nothing. No content of spans is here.
 */
import type { components } from "@/api/schema";

export type SkeletonPage = components["schemas"]["Skeleton"];
export type LiveSkeleton = components["schemas"]["LiveSkeleton"];
export type SkeletonAct = SkeletonPage["acts"][number];
export type SkeletonKind = SkeletonPage["kinds"][number];

export interface Columns {
  count: number;
  /** The row of the parent, always smaller than the row's own; -1: none. */
  parent: Int32Array;
  /** Position in `names`. */
  name: Int32Array;
  /** Position in `kinds`. */
  kind: Uint8Array;
  /** Position in `agents`. */
  agent: Int32Array;
  /** Position in `traces`. */
  trace: Int32Array;
  /** µs from the session's start. */
  startUs: Float64Array;
  /** µs; -1 while open. */
  durationUs: Float64Array;
  /** 1: it failed. */
  error: Uint8Array;
  /** Nano-dollars; NaN: not known, or nothing that costs. */
  costNano: Float64Array;
  /** Number of the step; 0: not a step. */
  step: Int32Array;
  /** Of a step: how many steps are around it; -1: not a step. */
  depth: Int32Array;
  /** Of a failed call: the step that recovered from it; -1: none did; 0: no failed call. */
  episode: Int32Array;
  /** The how manieth attempt at the same, from 2; 0: the first or only one. */
  retry: Int32Array;
}

const INTEGERS = ["parent", "name", "agent", "trace", "step", "depth", "episode", "retry"] as const;
const BYTES = ["kind", "error"] as const;
const FLOATS = ["startUs", "durationUs", "costNano"] as const;
const NAMES = [...INTEGERS, ...BYTES, ...FLOATS] as const;

export function emptyColumns(capacity = 0): Columns {
  const made: Record<string, unknown> = { count: 0 };
  for (const name of INTEGERS) made[name] = new Int32Array(capacity);
  for (const name of BYTES) made[name] = new Uint8Array(capacity);
  for (const name of FLOATS) made[name] = new Float64Array(capacity);
  return made as unknown as Columns;
}

type Told = Pick<
  LiveSkeleton,
  | "parent"
  | "name"
  | "kind"
  | "agent"
  | "start_us"
  | "duration_us"
  | "error"
  | "cost_nano"
  | "step"
  | "depth"
  | "episode"
  | "retry"
  | "trace"
>;

/** A page of the skeleton, or the new rows of a delta, as columns of their own. */
export function readColumns(told: Told): Columns {
  const count = told.parent.length;
  const startUs = new Float64Array(count);
  const costNano = new Float64Array(count);
  let at = 0;
  for (let row = 0; row < count; row++) {
    at += told.start_us[row] ?? 0;
    startUs[row] = at;
    costNano[row] = told.cost_nano[row] ?? Number.NaN;
  }
  return {
    count,
    parent: Int32Array.from(told.parent),
    name: Int32Array.from(told.name),
    kind: Uint8Array.from(told.kind),
    agent: Int32Array.from(told.agent),
    trace: Int32Array.from(told.trace),
    startUs,
    durationUs: Float64Array.from(told.duration_us),
    error: Uint8Array.from(told.error),
    costNano,
    step: Int32Array.from(told.step),
    depth: Int32Array.from(told.depth),
    episode: Int32Array.from(told.episode),
    retry: Int32Array.from(told.retry),
  };
}

/** `rows` stand from row `since` on, and nothing behind them. Grows by half where it must. */
export function putRows(columns: Columns, rows: Columns, since: number): void {
  const count = since + rows.count;
  const capacity = columns.parent.length;
  if (count > capacity) {
    const wanted = Math.max(count, Math.ceil(capacity * 1.5));
    for (const name of NAMES) {
      const old = columns[name];
      const grown = new (old.constructor as { new (length: number): typeof old })(wanted);
      grown.set(old.subarray(0, since));
      (columns as unknown as Record<string, unknown>)[name] = grown;
    }
  }
  for (const name of NAMES) columns[name].set(rows[name].subarray(0, rows.count), since);
  columns.count = count;
}

type Changed = LiveSkeleton["changed"];

/** Known rows that are told again. */
export function changeRows(columns: Columns, changed: Changed): void {
  changed.row.forEach((row, at) => {
    if (row >= columns.count) return;
    columns.name[row] = changed.name[at] ?? 0;
    columns.agent[row] = changed.agent[at] ?? 0;
    columns.durationUs[row] = changed.duration_us[at] ?? -1;
    columns.error[row] = changed.error[at] ?? 0;
    columns.costNano[row] = changed.cost_nano[at] ?? Number.NaN;
    columns.episode[row] = changed.episode[at] ?? 0;
    columns.retry[row] = changed.retry[at] ?? 0;
  });
}

/** The memory behind columns that a worker hands over for good. */
export function memoryOf(columns: Columns): ArrayBuffer[] {
  return NAMES.map((name) => columns[name].buffer as ArrayBuffer);
}
