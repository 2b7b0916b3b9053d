/** Memory: what agents learned, from whom, who read it, and how it is taken back. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { given, segment } from "@/app/address";
import { asked, client } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Address = Schemas["MemoryAddress"];
export type Provenance = Schemas["MemoryProvenance"];
export type Entry = Schemas["MemoryEntry"];
export type Namespace = Schemas["MemoryNamespace"];
export type Write = Schemas["MemoryWrite"];
export type Reading = Schemas["MemoryReadBy"];
export type Checkpoint = Schemas["MemoryCheckpoint"];
export type Plan = Schemas["MemoryPlan"];
export type Going = Schemas["MemoryGoing"];
export type Staying = Schemas["MemoryStaying"];
export type Reader = Schemas["MemoryReader"];
export type Revert = Schemas["MemoryRevert"];
export type Selection = Schemas["MemorySelection"];
export type SessionRead = Schemas["MemorySessionRead"];
export type SessionWrite = Schemas["MemorySessionWrite"];
/** What is not said may be left out. */
export type SelectionForm = Partial<Schemas["SelectionForm"]>;

/** Which entries; what is left out is not asked for, and "" is an environment or scope of its own. */
export interface Which {
  q?: string | undefined;
  environment?: string | undefined;
  namespace?: string | undefined;
  scope?: string | undefined;
  prefix?: string | undefined;
  session_id?: string | undefined;
  workflow?: string | undefined;
  version?: number | undefined;
  user?: string | undefined;
  /** A checkpoint's id or name. */
  at?: string | undefined;
}

const PAGE = 50;
const page = (cursor: string) => ({ limit: PAGE, ...(cursor ? { cursor } : {}) });

/** All that a write, a checkpoint or a revert may change. */
export function memoryKey(project: string) {
  return [project, "memory"] as const;
}

export function namespaces(project: string) {
  return queryOptions({
    queryKey: [...memoryKey(project), "namespaces"],
    queryFn: ({ signal }) => asked(client.GET("/api/v1/memory/namespaces", { signal })),
  });
}

/** Newest write first. Asked by a person, so no read is noted. */
export function entries(project: string, which: Which) {
  const wanted = given({ ...which });
  return infiniteQueryOptions({
    queryKey: [...memoryKey(project), "entries", wanted],
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.GET("/api/v1/memory/entries", {
          params: { query: { ...wanted, ...page(pageParam) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** Every write of one key, newest first. */
export function history(project: string, { environment, namespace, scope, key }: Address) {
  const address = { environment, namespace, scope, key };
  return infiniteQueryOptions({
    queryKey: [...memoryKey(project), "history", address],
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.GET("/api/v1/memory/history", {
          params: { query: { ...address, ...page(pageParam) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export function checkpointPages(project: string) {
  return infiniteQueryOptions({
    queryKey: [...memoryKey(project), "checkpoint pages"],
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.GET("/api/v1/memory/checkpoints", { params: { query: page(pageParam) }, signal }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export function reverts(project: string) {
  return infiniteQueryOptions({
    queryKey: [...memoryKey(project), "reverts"],
    queryFn: ({ signal, pageParam }) =>
      asked(client.GET("/api/v1/memory/reverts", { params: { query: page(pageParam) }, signal })),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

/**
 * What a revert would do. Asked anew each time the screen is opened, and by nothing else: what is
 * looked at must not change under the eyes of who decides.
 */
export function revertPlan(project: string, selection: SelectionForm) {
  return infiniteQueryOptions({
    queryKey: [project, "memory-plan", selection],
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.POST("/api/v1/memory/reverts/plan", {
          body: { selection: whole(selection), limit: PAGE, cursor: pageParam },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    retry: false,
  });
}

/** Refused with 409 where memory is not what it was when `planId` was made. */
export function revert(selection: SelectionForm, reason: string, planId: string) {
  return asked(
    client.POST("/api/v1/memory/reverts", {
      body: { selection: whole(selection), reason, plan_id: planId },
    }),
  );
}

export function undo(id: string) {
  return asked(
    client.POST("/api/v1/memory/reverts/{revert_id}/undo", {
      params: { path: { revert_id: segment(id) } },
    }),
  );
}

export function makeCheckpoint(name: string, description: string) {
  return asked(client.POST("/api/v1/memory/checkpoints", { body: { name, description } }));
}

/** What one session read and wrote, oldest first. */
export function memoryOfSession(project: string, session: string) {
  return infiniteQueryOptions({
    queryKey: [...memoryKey(project), "session", session],
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.GET("/api/v1/sessions/{session_id}/memory", {
          params: { path: { session_id: session }, query: page(pageParam) },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export function forgetMemory(queries: QueryClient, project: string): Promise<void> {
  return queries.invalidateQueries({ queryKey: memoryKey(project) });
}

function whole(selection: SelectionForm): Schemas["SelectionForm"] {
  return {
    session_id: "",
    workflow: "",
    user: "",
    since: "",
    until: "",
    checkpoint: "",
    namespace: "",
    ...selection,
  };
}
