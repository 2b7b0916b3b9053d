/**
 * The time axis of the timeline: real time, with the long stretches in which nothing ran folded.
 *
 * A folded stretch is drawn with one short width however long it was, so that an hour of waiting
 * leaves room for the seconds of work. Pure; both directions are exact inside what is not folded.
 */
import type { Idle } from "../model/derive";

/** Of what is not folded: a fold's width, and the most that all folds may take together. */
const WIDTH = 0.02;
const ALL = 0.3;

export interface Fold {
  readonly fromUs: number;
  readonly untilUs: number;
  /** Whether a person was waited for. */
  readonly person: boolean;
  /** Where it is drawn, in µs of the axis. */
  readonly at: number;
  readonly width: number;
}

export interface Axis {
  readonly folds: readonly Fold[];
  /** µs of the axis, from 0. */
  readonly length: number;
  /** From µs since the session's start to µs of the axis. */
  at(us: number): number;
  /** And back. */
  us(at: number): number;
}

export function makeAxis(idle: readonly Idle[], extentUs: number, isFolded = true): Axis {
  const stretches = isFolded ? worthFolding(idle, extentUs) : [];
  const hidden = stretches.reduce((sum, one) => sum + one.untilUs - one.fromUs, 0);
  const shown = Math.max(1, extentUs - hidden);
  const share = stretches.length === 0 ? 0 : Math.min(WIDTH, ALL / stretches.length);
  const width = shown * share;
  let saved = 0;
  const folds = stretches.map((one) => {
    const at = one.fromUs - saved;
    saved += one.untilUs - one.fromUs - width;
    return { ...one, at, width };
  });
  const length = Math.max(1, extentUs - saved);
  return { folds, length, at: (us) => forth(folds, us), us: (at) => back(folds, at) };
}

/** Those that are long against all in which something ran. */
function worthFolding(idle: readonly Idle[], extentUs: number): Idle[] {
  const ran = idle.reduce((left, one) => left - (one.untilUs - one.fromUs), extentUs);
  return idle
    .filter((one) => one.untilUs - one.fromUs >= ran * 2 * WIDTH)
    .sort((a, b) => a.fromUs - b.fromUs);
}

/** The last fold that begins at or before `value` by `key`; -1: none. */
function lastBefore(folds: readonly Fold[], value: number, key: "fromUs" | "at"): number {
  let low = 0;
  let high = folds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((folds[middle]?.[key] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function forth(folds: readonly Fold[], us: number): number {
  const fold = folds[lastBefore(folds, us, "fromUs")];
  if (!fold) return us;
  if (us >= fold.untilUs) return fold.at + fold.width + (us - fold.untilUs);
  return fold.at + ((us - fold.fromUs) / (fold.untilUs - fold.fromUs)) * fold.width;
}

function back(folds: readonly Fold[], at: number): number {
  const fold = folds[lastBefore(folds, at, "at")];
  if (!fold) return at;
  if (at >= fold.at + fold.width) return fold.untilUs + (at - fold.at - fold.width);
  return fold.fromUs + ((at - fold.at) / fold.width) * (fold.untilUs - fold.fromUs);
}
