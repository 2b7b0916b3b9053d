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

/** "about 140 more sessions (≈ 3 d 0 h)", the figure as the server tells it; "" where nothing is missing. */
export function needsWords(needs: Needs | null | undefined): string {
  if (!needs) return "";
  const { more_sessions: more, about_s: seconds } = needs;
  if (more === null) return "more than a million sessions";
  if (more <= 0) return "";
  const count = `about ${formatCount(more)} more ${more === 1 ? "session" : "sessions"}`;
  return seconds === null || seconds < 60
    ? count
    : `${count} (≈\u00a0${formatDuration({ s: seconds })})`;
}

/** What a figure still needs; a dash and why nothing is told, where it has not enough data. */
export function missingWords(
  row: {
    readonly needs?: Needs | null;
    readonly stable: { readonly n: number | null };
    readonly candidate: { readonly n: number | null };
    readonly difference: { readonly verdict: string };
  },
  isMain: boolean,
): string {
  const told = needsWords(row.needs);
  if (told || row.difference.verdict !== "not_enough_data") return told;
  if (!row.stable.n && !row.candidate.n) return "— no session tells it yet";
  if (!row.stable.n || !row.candidate.n) return "— only one version has it so far";
  return isMain ? "— cannot be estimated yet" : "— estimated for completion only";
}

/** A server's sentence that begins with the name of a figure, as the start of a paragraph. */
export function asSentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
