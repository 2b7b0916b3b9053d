/** Where one can jump from a step: the next error, person, handoff, model call, turn. */
import type { Model } from "./model";

export type Move =
  | "next"
  | "previous"
  | "nextError"
  | "previousError"
  | "nextPerson"
  | "previousPerson"
  | "nextHandoff"
  | "nextModel"
  | "nextTurn"
  | "previousTurn";

export type Marks = Pick<
  Model,
  "steps" | "errors" | "recovered" | "people" | "handoffs" | "models" | "turns"
>;

/** The step to go to; null where there is none. Errors that were recovered from count as well. */
export function moveFrom(model: Marks, step: number, move: Move): number | null {
  switch (move) {
    case "next":
      return step < model.steps ? step + 1 : null;
    case "previous":
      return step > 1 ? step - 1 : null;
    case "nextError":
      return least(after(model.errors, step), after(model.recovered, step));
    case "previousError":
      return most(before(model.errors, step), before(model.recovered, step));
    case "nextPerson":
      return after(model.people, step);
    case "previousPerson":
      return before(model.people, step);
    case "nextHandoff":
      return after(model.handoffs, step);
    case "nextModel":
      return after(model.models, step);
    case "nextTurn":
      return after(model.turns, step);
    case "previousTurn":
      return before(model.turns, step);
  }
}

/** The place of the first of `steps` (ascending) that is at or behind `step`. */
export function placeOf(steps: Int32Array, step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function holds(steps: Int32Array, step: number): boolean {
  return steps[placeOf(steps, step)] === step;
}

function after(steps: Int32Array, step: number): number | null {
  return steps[placeOf(steps, step + 1)] ?? null;
}

function before(steps: Int32Array, step: number): number | null {
  return steps[placeOf(steps, step) - 1] ?? null;
}

function least(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function most(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}
