/** The columns of the list: their heads, and the order that a head asks for. */
import type { Sort } from "../address";

export interface ListColumn {
  readonly id: string;
  readonly title: string;
  readonly numeric?: boolean;
  /** Most first, and the other way round where there is one. */
  readonly sorts?: readonly [Sort, Sort?];
}

export const COLUMNS: readonly ListColumn[] = [
  { id: "outcome", title: "Outcome" },
  { id: "task", title: "Task" },
  { id: "workflow", title: "Workflow" },
  { id: "started", title: "Started", sorts: ["-started", "started"] },
  { id: "took", title: "Took", numeric: true, sorts: ["-duration", "duration"] },
  { id: "people", title: "People", numeric: true, sorts: ["-interventions"] },
  { id: "errors", title: "Errors", numeric: true, sorts: ["-errors"] },
  { id: "cost", title: "Cost", numeric: true, sorts: ["-cost", "cost"] },
  { id: "shape", title: "Shape" },
];

export const SORT_WORDS: Record<Sort, string> = {
  "-started": "Newest first",
  started: "Oldest first",
  "-last_seen": "Last active first",
  "-duration": "Longest first",
  duration: "Shortest first",
  "-cost": "Most expensive first",
  cost: "Cheapest first",
  "-errors": "Most errors first",
  "-interventions": "Most acts of people first",
  "-spans": "Most spans first",
  "-tokens": "Most tokens first",
};

/** What a press on the head gives, coming from `now`. */
export function nextSort(column: ListColumn, now: Sort): Sort | undefined {
  const [first, second] = column.sorts ?? [];
  return now === first && second ? second : first;
}

export function ariaSort(column: ListColumn, now: Sort): "ascending" | "descending" | undefined {
  if (!column.sorts?.includes(now)) return undefined;
  return now.startsWith("-") ? "descending" : "ascending";
}
