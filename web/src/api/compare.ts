/** Two sessions side by side, and what a session could be compared with. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { asked, client } from "./client";
import type { components } from "./schema";

export type Comparison = components["schemas"]["SessionComparison"];
export type Totals = components["schemas"]["ComparedTotals"];
export type Run = components["schemas"]["AlignedRun"];
export type Step = components["schemas"]["AlignedStep"];
export type InputDifference = components["schemas"]["InputDifference"];
export type ChangedMessage = components["schemas"]["ChangedMessage"];

export function comparison(project: string, a: string, b: string) {
  return queryOptions({
    queryKey: [project, "compare", a, b],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/sessions/{first}/compare/{second}", {
          params: { path: { first: a, second: b } },
          signal,
        }),
      ),
    staleTime: 60_000,
  });
}

/** The newest sessions that pass a filter. */
export function candidates(project: string, q: string) {
  return queryOptions({
    queryKey: [project, "compare", "candidates", q],
    queryFn: async ({ signal }) => {
      const query = { limit: 25, ...(q ? { q } : {}) };
      return (await asked(client.GET("/api/v1/sessions", { params: { query }, signal }))).sessions;
    },
    placeholderData: keepPreviousData,
  });
}
