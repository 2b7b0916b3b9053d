/**
 * Which steps the transcript shows: not those inside of a closed sub-agent.
 *
 * Pure, from the skeleton alone, so that the length of the transcript is known before any of it
 * is read.
 */
import type { Model } from "../model/model";
import { placeOf } from "../model/moves";

/** A sub-agent: a step of an agent that is itself inside of something. */
export function isSubAgent(model: Model, step: number): boolean {
  const row = model.rowOfStep[step] ?? -1;
  if (row < 0 || model.kinds[model.kind[row] ?? 0] !== "agent") return false;
  return (model.depth[row] ?? 0) > 0 && (model.descendants[row] ?? 0) > 0;
}

/** The steps around a step, innermost first. */
export function stepsAround(model: Model, step: number): number[] {
  const found: number[] = [];
  let row = model.parent[model.rowOfStep[step] ?? -1] ?? -1;
  while (row >= 0) {
    const own = model.step[row] ?? 0;
    if (own > 0) found.push(own);
    row = model.parent[row] ?? -1;
  }
  return found;
}

/** Steps to be shown, ascending, in `range` only. */
export function visibleSteps(
  model: Model,
  isOpen: (step: number) => boolean,
  range: { readonly from: number; readonly to: number } | null,
): Int32Array {
  // By row: hidden in a closed sub-agent. A parent's row is smaller than its children's.
  const hidden = new Uint8Array(model.count);
  const closes = new Uint8Array(model.count);
  const shown = new Int32Array(model.steps);
  let count = 0;
  for (let row = 0; row < model.count; row++) {
    const above = model.parent[row] ?? -1;
    if (above >= 0 && (hidden[above] === 1 || closes[above] === 1)) hidden[row] = 1;
    const step = model.step[row] ?? 0;
    if (step === 0) continue;
    if (isSubAgent(model, step) && !isOpen(step)) closes[row] = 1;
    if (hidden[row] === 1) continue;
    if (range && (step < range.from || step > range.to)) continue;
    shown[count++] = step;
  }
  return shown.subarray(0, count).sort();
}

/** The place of a step among the shown ones, or of the one before it. */
export function indexOfStep(shown: Int32Array, step: number): number {
  const at = placeOf(shown, step);
  return shown[at] === step ? at : Math.max(0, at - 1);
}
