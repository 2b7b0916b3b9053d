/** Task types, and the tree of ways that the sessions of one took. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { given, segment } from "@/app/address";
import { asked, client } from "./client";
import type { components } from "./schema";
import { sessionKey } from "./session";

export type TaskTypes = components["schemas"]["Tasks"];
export type TaskTree = components["schemas"]["TaskTreeAnswer"];
export type TaskNode = components["schemas"]["TaskNode"];
export type NodeComparison = components["schemas"]["NodeComparison"];
export type HotSpots = components["schemas"]["HotSpots"];
export type BranchSession = components["schemas"]["SessionRow"];
export type OutcomeCounts = TaskNode["outcomes"];

/** Which sessions: "" or undefined = all. */
export interface Chosen {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly q?: string | undefined;
}

export interface TreeChoice extends Chosen {
  readonly group: "action" | "tool" | "kind";
  /** 0 to 1: rarer branches are folded. */
  readonly minShare: number;
  /** As the API writes it: `previous` or `version:a..b`. */
  readonly compare?: string | undefined;
}

function chosen({ since, until, q }: Chosen) {
  return given({ since: since || undefined, until: until || undefined, q: q || undefined });
}

export function taskTypes(project: string, where: Chosen) {
  const query = chosen(where);
  return queryOptions({
    queryKey: [project, "tasks", query],
    queryFn: ({ signal }) => asked(client.GET("/api/v1/tasks", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** The whole tree, or with `node` what is below that node. */
export function taskTree(project: string, name: string, choice: TreeChoice, node = "") {
  const query = {
    ...chosen(choice),
    group: choice.group,
    min_share: choice.minShare,
    ...(choice.compare ? { compare: choice.compare } : {}),
    ...(node ? { node } : {}),
  };
  return queryOptions({
    queryKey: [project, "tasks", name, "tree", query],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/tasks/{name}/tree", {
          params: { path: { name: segment(name) }, query },
          signal,
        }),
      ),
    staleTime: 60_000,
    ...(node ? {} : { placeholderData: keepPreviousData }),
  });
}

const PAGE = 10;

/** The sessions that pass a node, newest first, some at a time. */
export function branchSessions(project: string, name: string, choice: TreeChoice, node: string) {
  const query = {
    ...chosen(choice),
    group: choice.group,
    min_share: choice.minShare,
    node,
    limit: PAGE,
  };
  return infiniteQueryOptions({
    queryKey: [project, "tasks", name, "branch", query],
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.GET("/api/v1/tasks/{name}/tree/sessions", {
          params: {
            path: { name: segment(name) },
            query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 60_000,
  });
}

/** A filter of exactly one task type, in the filter language. */
export function ofTaskType(name: string): string {
  return `task_type:"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** The versions that ran this task type, with how many sessions each, most first. */
export function versionsOf(project: string, name: string, where: Chosen) {
  const query = { ...chosen(where), task_type: [name] };
  return queryOptions({
    queryKey: [project, "tasks", name, "versions", query],
    queryFn: async ({ signal }) => {
      const told = await asked(
        client.GET("/api/v1/sessions/facets", { params: { query }, signal }),
      );
      return told.facets.version ?? [];
    },
    staleTime: 60_000,
  });
}

export type DecisionNode = components["schemas"]["TreeNode"];

/** How one session decided, repetitions folded. */
export function decisions(project: string, session: string) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "decisions"],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/sessions/{session_id}/tree", {
          params: { path: { session_id: session } },
          signal,
        }),
      ),
  });
}
