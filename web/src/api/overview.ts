/** How the project's agents do, against before. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { asked, client } from "./client";
import type { components } from "./schema";

export type OverviewAnswer = components["schemas"]["OverviewAnswer"];
export type Behind = components["schemas"]["Behind"];

export interface OverviewChoice {
  since: string;
  until?: string | undefined;
  q?: string | undefined;
  compare?: string | undefined;
}

export function overview(project: string, { since, until, q, compare }: OverviewChoice) {
  return queryOptions({
    queryKey: [project, "overview", since, until ?? "", q ?? "", compare ?? ""],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/overview", {
          params: {
            query: {
              since,
              ...(until ? { until } : {}),
              ...(q ? { q } : {}),
              ...(compare ? { compare } : {}),
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}
