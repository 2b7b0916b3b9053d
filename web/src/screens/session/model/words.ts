/** A step in words, from the skeleton alone: for the slider, rows and what is read out. */
import { counted, formatCount, formatDuration } from "@/format";
import { visibleText } from "@/parts/hostile";
import type { Model } from "./model";

const KIND_WORDS: Record<string, string> = {
  model: "model call",
  tool: "tool call",
  human: "person",
  user: "user",
};

/** `step 412 of 2,310, tool call bash, failed, recovered at 431, 1.84 s` */
export function describeStep(model: Model, step: number): string {
  const row = model.rowOfStep[step] ?? -1;
  const place = `step ${formatCount(step)} of ${formatCount(model.steps)}`;
  if (row < 0) return place;
  const kind = model.kinds[model.kind[row] ?? 0] ?? "step";
  const parts = [place, `${KIND_WORDS[kind] ?? kind} ${stepName(model, step)}`.trim()];
  const agent = model.agents[model.agent[row] ?? 0];
  if (agent && kind !== "agent") parts.push(visibleText(agent, 60));
  const episode = model.episode[row] ?? 0;
  if (model.error[row] === 1 || episode !== 0) parts.push("failed");
  if (episode > 0) parts.push(`recovered at ${formatCount(episode)}`);
  if (episode < 0) parts.push("never recovered");
  const duration = model.durationUs[row] ?? 0;
  if (duration < 0) parts.push("still open");
  else if (duration > 0) parts.push(formatDuration({ ns: duration * 1000 }));
  return parts.join(", ");
}

export function stepName(model: Model, step: number): string {
  const row = model.rowOfStep[step] ?? -1;
  return row < 0 ? "" : visibleText(model.names[model.name[row] ?? 0] ?? "", 80);
}

export function rangeText(from: number, to: number): string {
  return from === to
    ? `step ${formatCount(from)}`
    : `steps ${formatCount(from)}–${formatCount(to)} (${counted(to - from + 1, "step")})`;
}
