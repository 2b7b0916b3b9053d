/** How a record's lists become the words of the header. Pure. */
import type { SessionRecord } from "@/api/session";
import { counted, formatCount } from "@/format";

type Interventions = SessionRecord["human_interventions"];

/** `3 (2 approvals, 1 correction)`; "" where nobody stepped in or is waited for. */
export function peopleText({ count, by_kind: kinds, pending }: Interventions): string {
  const parts = Object.entries(kinds)
    .filter(([, times]) => times > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, times]) => counted(times, kindWord(kind)));
  const waiting = pending > 0 ? `${formatCount(pending)} waiting` : "";
  if (count === 0) return waiting;
  return [`${formatCount(count)} (${parts.join(", ")})`, waiting].filter(Boolean).join(" · ");
}

export function kindWord(kind: string): string {
  return kind.replaceAll("_", " ");
}

/** `4 error episodes, 3 recovered` · `no errors` · `2 failed spans, none of them a failed call` */
export function errorsText(
  record: Pick<SessionRecord, "error_episodes" | "recovered" | "error_spans">,
): string {
  const { error_episodes: episodes, recovered, error_spans: spans } = record;
  if (episodes === 0) {
    return spans > 0 ? `${counted(spans, "failed span")}, no failed call` : "no errors";
  }
  const told = counted(episodes, "error episode");
  if (recovered === episodes) return `${told}, ${episodes === 1 ? "recovered" : "all recovered"}`;
  return `${told}, ${recovered === 0 ? "none" : formatCount(recovered)} recovered`;
}

export interface Used {
  readonly key: string;
  readonly name: string;
  readonly role: string | null;
  readonly calls: number;
  readonly errors: number;
}

export function topModels(record: Pick<SessionRecord, "models_used">, most = 3): Used[] {
  return [...record.models_used]
    .sort((a, b) => b.calls - a.calls)
    .slice(0, most)
    .map((one) => ({
      key: `${one.provider} ${one.model} ${one.role}`,
      name: one.model,
      role: one.role,
      calls: one.calls,
      errors: one.errors,
    }));
}

export function topTools(record: Pick<SessionRecord, "tool_calls">, most = 5): Used[] {
  return [...record.tool_calls]
    .sort((a, b) => b.calls - a.calls)
    .slice(0, most)
    .map((one) => ({
      key: one.tool,
      name: one.tool,
      role: null,
      calls: one.calls,
      errors: one.errors,
    }));
}

/** `said by evaluator tests_pass: "3 of 40 tests fail"` without the quoted reason. */
export function sourceText(outcome: SessionRecord["outcome"]): string {
  const { source, author, label } = outcome;
  if (label === "unknown" && !source) return "nobody has said";
  const who = author ? ` ${author}` : "";
  switch (source) {
    case "evaluator":
      return `said by evaluator${who}`;
    case "human":
      return author ? `said by ${author}` : "said by a person";
    case "agent":
      return "said by the agent itself";
    case "rule":
      return `by rule${who}`;
    default:
      return author ? `said by ${author}` : "nobody is named who said so";
  }
}
