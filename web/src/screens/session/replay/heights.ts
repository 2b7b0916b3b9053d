/** Heights of rows before they are measured, px: by what the step is and what became of it. */
import type { Model } from "../model";

const USUAL: Record<string, number> = {
  agent: 96,
  model: 92,
  tool: 118,
  human: 70,
  user: 70,
  handoff: 32,
  retrieval: 84,
  guardrail: 44,
  evaluation: 44,
  memory: 60,
  step: 40,
  outcome: 40,
};

export function estimateHeight(model: Model, step: number): number {
  const row = model.rowOfStep[step] ?? -1;
  if (row < 0) return 40;
  const usual = USUAL[model.kinds[model.kind[row] ?? 0] ?? "step"] ?? 40;
  return (model.episode[row] ?? 0) !== 0 ? usual + 28 : usual;
}
