/** The list of sessions: its rows, facets, starts, and what the selected ones have in common. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { asked, client } from "./client";
import type { components } from "./schema";

export type SessionRow = components["schemas"]["SessionRow"];
export type SessionList = components["schemas"]["SessionList"];
export type Facets = components["schemas"]["Facets"];
export type FacetValue = components["schemas"]["FacetValue"];
export type Starts = components["schemas"]["StartsAnswer"];
export type Differs = components["schemas"]["DiffersAnswer"];

/** Which sessions: as in the address of the list. */
export interface Which {
  readonly q?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export const PAGE = 100;
/** Most first, newest first. */
export const USUAL_SORT = "-started";

function told({ q, since, until }: Which) {
  return {
    ...(q ? { q } : {}),
    ...(since ? { since } : {}),
    ...(until ? { until } : {}),
  };
}

function keyOf({ q, since, until }: Which) {
  return [q ?? "", since ?? "", until ?? ""];
}

export function sessionsKey(project: string, which: Which, sort: string) {
  return [project, "sessions", "list", ...keyOf(which), sort];
}

export function sessionPages(project: string, which: Which, sort: string) {
  return infiniteQueryOptions({
    queryKey: sessionsKey(project, which, sort),
    placeholderData: keepPreviousData,
    initialPageParam: "",
    // Coming back finds the list as it was left; what is new is told by the live stream.
    staleTime: 5 * 60_000,
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.GET("/api/v1/sessions", {
          params: {
            query: {
              ...told(which),
              sort,
              limit: PAGE,
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page: SessionList) => page.next_cursor ?? undefined,
  });
}

export function facets(project: string, which: Which) {
  return queryOptions({
    queryKey: [project, "sessions", "facets", ...keyOf(which)],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      asked(client.GET("/api/v1/sessions/facets", { params: { query: told(which) }, signal })),
  });
}

export function starts(project: string, which: Which) {
  return queryOptions({
    queryKey: [project, "sessions", "starts", ...keyOf(which)],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      asked(client.GET("/api/v1/sessions/starts", { params: { query: told(which) }, signal })),
  });
}

/** The sessions of `which` against the others of the same time that pass `within`. */
export function differs(project: string, which: Which, within: string) {
  return queryOptions({
    queryKey: [project, "sessions", "differs", ...keyOf(which), within],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/sessions/differs", {
          params: { query: { ...told(which), ...(within ? { within } : {}) } },
          signal,
        }),
      ),
  });
}

/** Those of `ids` (at most 100) that pass. */
export async function passing(ids: readonly string[], which: Which): Promise<SessionRow[]> {
  const answer = await asked(
    client.GET("/api/v1/sessions", {
      params: { query: { ...told(which), session: [...ids], limit: ids.length } },
    }),
  );
  return answer.sessions;
}

export const LIVE_PATH = "/api/v1/live";
