/**
 * Bars of all spans, merged where they are narrower than a pixel: one kind per lane and column.
 *
 * Pure. 100,000 spans in some 5 ms; painting what comes of it does not depend on their number.
 */
import type { Model } from "../model";
import { shownKind } from "../model/kinds";
import type { Axis } from "./axis";

export const KINDS = [
  "agent",
  "model",
  "tool",
  "retrieval",
  "human",
  "memory",
  "guardrail",
  "evaluation",
  "step",
] as const;

export interface Bins {
  readonly columns: number;
  readonly lanes: number;
  /** By lane and column: the place in `KINDS` + 1; 0: nothing ran. */
  readonly kind: Uint8Array;
  /** The same for agents themselves, which are around everything that they do. */
  readonly around: Uint8Array;
  /** By column: how much of the known cost is spent, 0 to 1. */
  readonly cost: Float32Array;
  readonly knowsCost: boolean;
}

type Told = Pick<
  Model,
  "count" | "kind" | "kinds" | "agent" | "step" | "lanes" | "costSoFar" | "descendants" | "depth"
>;

/** `scale` = columns per CSS pixel; agents beyond `most` lanes share the last. */
export function binRows(model: Told, axis: Axis, scale: number, most: number): Bins {
  const columns = Math.max(1, Math.round(axis.width * scale));
  const lanes = Math.max(1, Math.min(most, model.lanes.length));
  const laneOf = new Map(model.lanes.map((lane, at) => [lane.agent, Math.min(at, lanes - 1)]));
  const places = model.kinds.map((kind) => KINDS.indexOf(shownKind(kind)) + 1);
  const kind = new Uint8Array(lanes * columns);
  const around = new Uint8Array(lanes * columns);
  const cost = new Float32Array(columns).fill(-1);
  const agent = KINDS.indexOf("agent") + 1;
  const human = KINDS.indexOf("human") + 1;
  for (let row = 0; row < model.count; row++) {
    const from = Math.min(columns - 1, Math.max(0, Math.floor(axis.start(row) * scale)));
    cost[from] = model.costSoFar[row] ?? 0;
    if ((model.step[row] ?? 0) === 0) continue;
    const place = places[model.kind[row] ?? 0] ?? 0;
    const to = Math.min(columns, Math.max(from + 1, Math.ceil(axis.end(row) * scale)));
    const lane = (laneOf.get(model.agent[row] ?? 0) ?? 0) * columns;
    // An agent of which nothing inside is known is what ran itself.
    if (place === agent && (model.descendants[row] ?? 0) > 0) {
      around.fill(place, lane + from, lane + to);
      continue;
    }
    // What a person did is never hidden under what ran beside it.
    for (let column = from; column < to; column++) {
      if (kind[lane + column] !== human) kind[lane + column] = place;
    }
  }
  return { columns, lanes, kind, around, ...spread(cost) };
}

function spread(cost: Float32Array): { cost: Float32Array; knowsCost: boolean } {
  let last = 0;
  for (let column = 0; column < cost.length; column++) {
    last = Math.max(last, cost[column] ?? 0);
    cost[column] = last;
  }
  if (last > 0)
    for (let column = 0; column < cost.length; column++) cost[column] = (cost[column] ?? 0) / last;
  return { cost, knowsCost: last > 0 };
}
