/** The figures of a canary, and what is still missing to decide it, in words. Pure. */
import type { Needs } from "@/api/workflows";
import { formatCount, formatDuration, type Unit } from "@/format";

interface Metric {
  /** What a person reads at the head of a row. */
  readonly title: string;
  readonly unit: Unit;
}

const METRICS: Record<string, Metric> = {
  completion: { title: "Completion", unit: "rate" },
  intervention: { title: "A person steps in", unit: "rate" },
  cost_per_success: { title: "Cost per success", unit: "USD" },
  recovery: { title: "Recovery from errors", unit: "rate" },
  quality: { title: "Quality", unit: "0 to 1" },
  unknown: { title: "Outcome unknown", unit: "rate" },
};

export function metricOf(id: string): Metric {
  return METRICS[id] ?? { title: id.replaceAll("_", " "), unit: "" };
}

/** "about 140 more sessions, 3 d 0 h"; "" where nothing is missing. */
export function needsWords(needs: Needs | null | undefined): string {
  if (!needs) return "";
  const { more_sessions: more, about_s: seconds } = needs;
  if (more === null) return "more than a million sessions";
  if (more <= 0) return "";
  const count = `about ${formatCount(roundedUp(more))} more ${more === 1 ? "session" : "sessions"}`;
  return seconds === null ? count : `${count}, ${formatDuration({ s: seconds })}`;
}

/** To two figures: nobody knows it better. */
function roundedUp(count: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return Math.ceil(count / step) * step;
}
