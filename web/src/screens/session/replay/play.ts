/** How long a step is shown while playing. Pure. */
import type { Model } from "../model";

export const SPEEDS = ["step", "1", "4", "16", "64"] as const;
export type Speed = (typeof SPEEDS)[number];

export const SPEED_WORDS: Record<Speed, string> = {
  step: "1 step/s",
  "1": "real time",
  "4": "×4",
  "16": "×16",
  "64": "×64",
};

/** A wait that is skipped takes this long, ms: it should be seen that there was one. */
const SKIPPED = 700;
const LEAST = 30;
/** A timer can't wait longer than 2^31 ms. */
const MOST = 2 ** 31 - 1;

type Told = Pick<Model, "startUs" | "rowOfStep" | "idle" | "steps">;

/** ms until the step behind `step`; null at the end. */
export function untilNext(model: Told, step: number, speed: Speed, skips: boolean): number | null {
  if (step >= model.steps) return null;
  if (speed === "step") return 1000;
  const from = model.startUs[model.rowOfStep[step] ?? 0] ?? 0;
  const to = model.startUs[model.rowOfStep[step + 1] ?? 0] ?? from;
  let us = to - from;
  let skipped = 0;
  if (skips) {
    for (const idle of model.idle) {
      const inside = Math.min(to, idle.untilUs) - Math.max(from, idle.fromUs);
      if (inside <= 0) continue;
      us -= inside;
      skipped = SKIPPED;
    }
  }
  return Math.min(MOST, Math.max(LEAST, us / 1000 / Number(speed) + skipped));
}
