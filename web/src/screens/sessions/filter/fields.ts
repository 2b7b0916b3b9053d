/** The fields of the filter language, as docs/reference/api.md tells them. */
export interface Field {
  readonly name: string;
  readonly means: string;
  /** Known in advance; null: any text, completed from what the sessions have. */
  readonly values: readonly string[] | null;
  readonly isNumber?: boolean;
}

const word = (name: string, means: string, values: readonly string[] | null = null): Field => ({
  name,
  means,
  values,
});
const number = (name: string, means: string): Field => ({
  name,
  means,
  values: null,
  isNumber: true,
});

export const FIELDS: readonly Field[] = [
  word("outcome", "how it ended", [
    "success",
    "success_partial",
    "failure",
    "abandoned",
    "interrupted",
    "unknown",
  ]),
  word("status", "whether it goes on", ["open", "waiting_for_human", "closed"]),
  word("task_type", "kind of task"),
  word("task", "the task as told"),
  word("workflow", "name of the workflow"),
  word("version", "of the workflow"),
  word("environment", "where it ran"),
  word("agent", "took part"),
  word("model", "was called"),
  word("tool", "was called"),
  word("failed_tool", "a call of it failed"),
  word("user", "for whom it ran"),
  word("tag", "has it"),
  word("human", "an act of a person", [
    "approval",
    "rejection",
    "correction",
    "answer",
    "takeover",
    "stop",
    "any",
  ]),
  word("finding", "something odd about the data"),
  word("case", "task of a suite"),
  word("trial", "of its case, from 0"),
  word("experiment", "ran as a test", ["true", "false"]),
  word("unpriced_model", "a call has no known price"),
  word("session", "its id"),
  number("errors", "error episodes"),
  number("cost", "USD"),
  number("wasted", "USD"),
  number("duration", "90s, 5m, 2h"),
  number("waited", "for people; 90s, 5m"),
  number("interventions", "acts of people"),
  number("handoffs", "between agents"),
  number("retries", "and fallbacks"),
  number("steps", "steps"),
  number("spans", "spans"),
  number("tokens", "in and out"),
  number("quality", "0 to 1"),
];

export const COMPARISONS: readonly { readonly sign: string; readonly means: string }[] = [
  { sign: ">", means: "more than" },
  { sign: ">=", means: "at least" },
  { sign: "<", means: "less than" },
  { sign: "<=", means: "at most" },
];

const BY_NAME = new Map(FIELDS.map((field) => [field.name, field]));

export function fieldOf(name: string): Field | undefined {
  return BY_NAME.get(name);
}
