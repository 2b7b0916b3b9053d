/** What a row says of a session in few words, the same in the list, the preview and to the ear. */
import type { SessionRow } from "@/api/sessions";
import { counted, formatDuration, instantMs } from "@/format";

/** What it was about: the task, else what was asked; null where neither was told. */
export function titleOf(row: SessionRow): string | null {
  return row.task ?? row.asked ?? null;
}

/** What was asked, where the title does not say the same already. */
export function askedBeside(row: SessionRow): string | null {
  if (!row.asked || !row.task) return null;
  const begins = row.asked.replace(/…$/, "").slice(0, 80);
  return row.task.startsWith(begins) || row.asked.startsWith(row.task.slice(0, 80))
    ? null
    : row.asked;
}

export interface Going {
  readonly status: "open" | "waiting_for_human";
  /** "step 212", or how long it has waited: "41 min". */
  readonly aside: string;
  /** "waiting for a person, 41 min" */
  readonly whole: string;
}

/** null for a session that is closed. */
export function goingOn(row: SessionRow, now: number): Going | null {
  if (row.status === "open") {
    const aside = `step ${row.step_count}`;
    return { status: "open", aside, whole: `running, ${aside}` };
  }
  if (row.status !== "waiting_for_human") return null;
  const pending = row.interventions.filter((one) => one.pending).map((one) => instantMs(one.at));
  const asked = Math.min(...pending.map((at) => at ?? now));
  const since = Number.isFinite(asked) ? asked : instantMs(row.last_seen_at);
  const waited = Math.max(0, now - (since ?? now));
  // Minutes are enough above one: a list that counts seconds moves by itself.
  const length = formatDuration({
    ms: waited < 60_000 ? 1000 * Math.round(waited / 1000) : waited,
  });
  const aside = length.split(" ")[0] ?? length;
  return { status: "waiting_for_human", aside, whole: `waiting for a person, ${aside}` };
}

/** The files of some sources tell no times: then no length of the session means anything. */
export function hasTimes(row: SessionRow): boolean {
  return !row.data_findings.some((finding) => finding.code === "times_unknown");
}

/** "4 error episodes, 3 recovered" */
export function errorsTold(row: SessionRow): string {
  if (row.error_episodes === 0) return "no errors";
  const all = counted(row.error_episodes, "error episode", "error episodes");
  return row.recovered > 0 ? `${all}, ${row.recovered} recovered` : all;
}

/** "3 acts of people: 2 approvals, 1 correction" */
export function peopleTold(row: SessionRow): string {
  const { count, by_kind } = row.human_interventions;
  if (count === 0) return "no act of a person";
  const kinds = Object.entries(by_kind)
    .filter(([, many]) => (many ?? 0) > 0)
    .map(([kind, many]) => `${kind} ${many}`);
  return `${counted(count, "act of a person", "acts of people")}: ${kinds.join(", ")}`;
}

export function versionText(row: SessionRow): string | null {
  const { version } = row.workflow;
  return version === null ? null : String(version);
}

/** Calls of models: priced and not. */
export function callsOf(row: SessionRow): number {
  return row.cost.priced_calls + row.cost.unpriced_calls;
}
