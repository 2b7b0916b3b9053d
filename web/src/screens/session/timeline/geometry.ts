/** Where lanes, bars and names stand in the timeline, in CSS pixels. Pure. */
import { formatDuration } from "@/format";
import type { Columns } from "../model/columns";
import type { Axis } from "./folds";
import { firstShown, type Group, type Lanes } from "./lanes";

export const LANE = 16;
export const BAR = 14;
export const GROUP_NAME = 22;
const AFTER_GROUP = 6;

export interface Geometry {
  /** By lane: its upper edge. */
  readonly tops: Float64Array;
  /** By group: where its name stands. */
  readonly names: readonly { readonly group: Group; readonly top: number }[];
  readonly height: number;
}

export function measure(lanes: Lanes): Geometry {
  const tops = new Float64Array(lanes.count);
  let top = 0;
  const names = lanes.groups.map((group) => {
    const place = { group, top };
    top += GROUP_NAME;
    for (let lane = 0; lane < group.lanes; lane++) tops[group.firstLane + lane] = top + lane * LANE;
    top += group.lanes * LANE + AFTER_GROUP;
    return place;
  });
  return { tops, names, height: top };
}

/** What is shown of the axis, in its µs; `until` is after `from`. */
export interface Shown {
  readonly from: number;
  readonly until: number;
}

/** Keeps a stretch inside the axis, and wide enough that a bar can be told from another. */
export function inside(shown: Shown, length: number): Shown {
  const least = Math.min(length, 20);
  const width = Math.min(length, Math.max(least, shown.until - shown.from));
  const from = Math.min(Math.max(0, shown.from), length - width);
  return { from, until: from + width };
}

/** Closer or farther around a point, `by` > 1: closer. */
export function zoomed(shown: Shown, around: number, by: number, length: number): Shown {
  const width = (shown.until - shown.from) / by;
  const part = (around - shown.from) / (shown.until - shown.from);
  const from = around - width * part;
  return inside({ from, until: from + width }, length);
}

/** `1200000-5400000`: µs since the session's start, so that a link survives another folding. */
export function writeZoom(shown: Shown, axis: Axis): string | undefined {
  if (shown.from <= 0 && shown.until >= axis.length) return undefined;
  return `${Math.round(axis.us(shown.from))}-${Math.round(axis.us(shown.until))}`;
}

export function readZoom(text: string | undefined, axis: Axis): Shown {
  const told = /^(\d{1,16})-(\d{1,16})$/.exec(text ?? "");
  if (!told) return { from: 0, until: axis.length };
  const from = axis.at(Number(told[1]));
  const until = axis.at(Number(told[2]));
  return until > from ? inside({ from, until }, axis.length) : { from: 0, until: axis.length };
}

export interface Drawn {
  readonly lanes: Lanes;
  readonly columns: Columns;
  readonly extentUs: number;
  readonly axis: Axis;
  readonly geometry: Geometry;
}

/** How far beside a bar a pointer still means it, in pixels. */
const NEAR = 3;

/** The row under a point of the lanes; null: none is near. */
export function rowAt(
  drawn: Drawn,
  shown: Shown,
  width: number,
  x: number,
  y: number,
): number | null {
  const lane = laneAt(drawn, y);
  if (lane < 0) return null;
  const perPixel = (shown.until - shown.from) / width;
  const at = shown.from + x * perPixel;
  const near = NEAR * perPixel;
  let best: number | null = null;
  let bestFar = Number.POSITIVE_INFINITY;
  const consider = (row: number, from: number, until: number): boolean => {
    const far = at < from ? from - at : at > until ? at - until : 0;
    if (far <= near && far < bestFar) {
      best = row;
      bestFar = far;
    }
    return from > at + near;
  };
  const people = drawn.lanes.groups[0];
  if (people && people.agent < 0 && lane < people.lanes) {
    for (const wait of drawn.lanes.waits) {
      if (
        wait.lane === lane &&
        consider(wait.row, drawn.axis.at(wait.fromUs), drawn.axis.at(wait.untilUs))
      )
        break;
    }
    return best;
  }
  const { lanes, columns } = drawn;
  const last = lanes.first[lane + 1] ?? 0;
  const begin = firstShown(lanes, columns, lane, drawn.axis.us(Math.max(0, at - near)));
  for (let place = begin; place < last; place++) {
    const row = lanes.rows[place] ?? 0;
    if (consider(row, lanes.fromAt[row] ?? 0, lanes.untilAt[row] ?? 0)) break;
  }
  return best;
}

function laneAt(drawn: Drawn, y: number): number {
  const { tops } = drawn.geometry;
  for (let lane = 0; lane < tops.length; lane++) {
    const top = tops[lane] ?? 0;
    if (y >= top && y < top + LANE) return lane;
  }
  return -1;
}

/** Instants of the axis that get a label, about one for each `apart` pixels. */
export function ticksOf(axis: Axis, shown: Shown, width: number, apart = 110): number[] {
  const step = niceStep(((shown.until - shown.from) / width) * apart);
  const found: number[] = [];
  let us = Math.ceil(axis.us(shown.from) / step) * step;
  const end = axis.us(shown.until);
  let last = Number.NEGATIVE_INFINITY;
  const least = ((shown.until - shown.from) / width) * apart * 0.6;
  for (let guard = 0; us <= end && guard < 400; guard++) {
    const fold = axis.folds.find((one) => us > one.fromUs && us < one.untilUs);
    if (fold) {
      // Round instants may all lie in folds: then where one ends is told instead.
      const after = axis.at(fold.untilUs);
      if (after - last >= least && fold.untilUs <= end) {
        found.push(fold.untilUs);
        last = after;
      }
      us = (Math.floor(fold.untilUs / step) + 1) * step;
      continue;
    }
    const at = axis.at(us);
    if (at - last >= least) {
      found.push(us);
      last = at;
    }
    us += step;
  }
  return found;
}

const STEPS_US = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6,
  1e7, 2e7, 3e7, 6e7, 1.2e8, 3e8, 6e8, 1.2e9, 1.8e9, 3.6e9, 7.2e9, 1.08e10, 2.16e10, 4.32e10,
  8.64e10,
];

function niceStep(us: number): number {
  const found = STEPS_US.find((step) => step >= us);
  return found ?? Math.ceil(us / 8.64e10) * 8.64e10;
}

/** No two alike: where rounding makes them so, all but the first tell how much later they are. */
export function tickLabels(ticks: readonly number[]): string[] {
  const labels = ticks.map((us) => formatDuration({ ms: us / 1000 }));
  if (new Set(labels).size === labels.length) return labels;
  const first = ticks[0] ?? 0;
  return ticks.map((us, at) =>
    at === 0 ? (labels[0] ?? "") : `+${formatDuration({ ms: (us - first) / 1000 })}`,
  );
}
