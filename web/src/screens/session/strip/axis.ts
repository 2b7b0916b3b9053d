/**
 * Where a point of a session stands on the strip: time, with long waits folded to a fixed width.
 *
 * Where the source tells no times, or all happened at one instant, steps take the place of time.
 * Pure; made anew for each width. Positions in CSS pixels.
 */
import type { Idle, Model } from "../model";

/** A folded wait takes so much, however long it was. */
export const FOLD = 30;

export interface Fold extends Idle {
  readonly x: number;
}

export interface Axis {
  readonly width: number;
  readonly folds: readonly Fold[];
  /** Whether it tells time, not only order. */
  readonly timed: boolean;
  /** Where a row begins, and where it ends. */
  start(row: number): number;
  end(row: number): number;
  /** The step that is nearest to a position. */
  stepAt(x: number): number;
}

type Told = Pick<
  Model,
  "count" | "steps" | "extentUs" | "startUs" | "durationUs" | "idle" | "rowOfStep" | "stepAt"
>;

export function makeAxis(model: Told, width: number): Axis {
  // Made-up times are a microsecond apart: then only the order is known.
  if (model.extentUs <= Math.max(1000, model.steps * 10)) return stepAxis(model, width);
  return timeAxis(model, width);
}

function stepAxis(model: Told, width: number): Axis {
  const each = width / Math.max(1, model.steps);
  const start = (row: number) => ((model.stepAt[row] ?? 1) - 1) * each;
  return {
    width,
    folds: [],
    timed: false,
    start,
    end: (row) => start(row) + Math.max(1, each - 1),
    stepAt: (x) => clamp(Math.floor(x / each) + 1, 1, model.steps),
  };
}

function timeAxis(model: Told, width: number): Axis {
  const folded = chooseFolds(model, width);
  const busy = model.extentUs - folded.reduce((sum, one) => sum + one.untilUs - one.fromUs, 0);
  const scale = Math.max(0, width - folded.length * FOLD) / Math.max(1, busy);
  const folds: Fold[] = [];
  // Beginnings of the unfolded stretches, in µs and in pixels.
  const us: number[] = [0];
  const px: number[] = [0];
  let x = 0;
  let at = 0;
  for (const one of folded) {
    x += (one.fromUs - at) * scale;
    folds.push({ ...one, x });
    us.push(one.fromUs, one.untilUs);
    px.push(x, x + FOLD);
    x += FOLD;
    at = one.untilUs;
  }
  us.push(model.extentUs);
  px.push(width);
  const position = (time: number) => interpolate(us, px, time);
  return {
    width,
    folds,
    timed: true,
    start: (row) => position(model.startUs[row] ?? 0),
    end: (row) => position((model.startUs[row] ?? 0) + Math.max(0, model.durationUs[row] ?? 0)),
    stepAt: (at) => stepAtTime(model, interpolate(px, us, at)),
  };
}

/** The longest waits that are at least a twelfth of all that isn't waiting; few enough to fit. */
function chooseFolds(model: Told, width: number): Idle[] {
  const most = Math.floor((width * 0.45) / FOLD);
  const idle = model.idle.reduce((sum, one) => sum + one.untilUs - one.fromUs, 0);
  const busy = Math.max(1, model.extentUs - idle);
  // What would take less than its fold isn't folded.
  const least = Math.max(busy / 12, (FOLD / Math.max(1, width)) * busy);
  return model.idle
    .filter((one) => one.untilUs - one.fromUs > least)
    .sort((a, b) => b.untilUs - b.fromUs - (a.untilUs - a.fromUs))
    .slice(0, most)
    .sort((a, b) => a.fromUs - b.fromUs);
}

/** Piecewise linear; `from` ascends. */
function interpolate(from: readonly number[], to: readonly number[], value: number): number {
  let low = 0;
  let high = from.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((from[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  const a = from[low] ?? 0;
  const b = from[high] ?? a;
  const share = b > a ? clamp((value - a) / (b - a), 0, 1) : 0;
  return (to[low] ?? 0) + share * ((to[high] ?? 0) - (to[low] ?? 0));
}

function stepAtTime(model: Told, time: number): number {
  let low = 1;
  let high = model.steps;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((model.startUs[model.rowOfStep[middle] ?? 0] ?? 0) <= time) low = middle;
    else high = middle - 1;
  }
  return clamp(low, 1, model.steps);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
