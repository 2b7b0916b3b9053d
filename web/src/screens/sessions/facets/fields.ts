/** Which facets there are, in which order, and which stand open from the start. */
export interface FacetField {
  readonly field: string;
  readonly title: string;
  readonly isOpen?: boolean;
  /** Its values say how sessions ended, so a share that failed says nothing. */
  readonly isOutcome?: boolean;
}

export const FACETS: readonly FacetField[] = [
  { field: "outcome", title: "Outcome", isOpen: true, isOutcome: true },
  { field: "status", title: "Status" },
  { field: "task_type", title: "Task type", isOpen: true },
  { field: "workflow", title: "Workflow", isOpen: true },
  { field: "version", title: "Version", isOpen: true },
  { field: "environment", title: "Environment" },
  { field: "agent", title: "Agent" },
  { field: "model", title: "Model", isOpen: true },
  { field: "tool", title: "Tool" },
  { field: "failed_tool", title: "Tool that failed" },
  { field: "user", title: "User" },
  { field: "tag", title: "Tag" },
  { field: "human", title: "Act of a person" },
  { field: "finding", title: "Data finding" },
  { field: "case", title: "Case" },
  { field: "unpriced_model", title: "Model without a price" },
];

const KNOWN = new Set(FACETS.map((one) => one.field));

/** Ours in our order, then what a newer server tells besides. */
export function facetFields(told: readonly string[]): FacetField[] {
  return [
    ...FACETS,
    ...told.filter((field) => !KNOWN.has(field)).map((field) => ({ field, title: field })),
  ];
}
