/** A row of the skeleton in words: its kind, how long it took, and how it is said aloud. */
import { exactCount, formatDuration, instantMs } from "@/format";
import { visibleText } from "@/parts/hostile";
import { kindWord } from "@/parts/KindMark";
import type { Model } from "./model";

export function kindOf(model: Model, row: number): string {
  return model.kinds[model.kind[row] ?? 0] ?? "step";
}

export function took(model: Model, row: number): string {
  const us = model.durationUs[row] ?? -1;
  return us < 0 ? "open" : formatDuration({ ms: us / 1000 });
}

/** "tool call bash, failed, 1.84 s, step 412 of 2,310" */
export function announced(model: Model, row: number): string {
  const step = model.step[row] ?? 0;
  const failed = model.error[row] === 1;
  return [
    `${kindWord(kindOf(model, row))} ${visibleText(model.names[model.name[row] ?? 0] ?? "", 80)}`,
    failed ? ((model.episode[row] ?? 0) > 0 ? "failed and recovered" : "failed") : "",
    took(model, row),
    step > 0 ? `step ${exactCount(step)} of ${exactCount(model.steps)}` : "no step",
  ]
    .filter(Boolean)
    .join(", ");
}

/** The name as it may be drawn or put into a label. */
export function nameOf(model: Model, row: number): string {
  return visibleText(model.names[model.name[row] ?? 0] ?? "", 80) || `span ${exactCount(row + 1)}`;
}

/** When it began, in ms since 1970; the instant's nanoseconds are in the span itself. */
export function beganMs(model: Model, row: number): number {
  return (instantMs(model.startedNs) ?? 0) + (model.startUs[row] ?? 0) / 1000;
}
