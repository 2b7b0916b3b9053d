/** Workflows: their versions, what runs where, and what is known of the effect. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { given, segment } from "@/app/address";
import { asked, client, PROJECT_HEADER, refusal, Unreachable } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type WorkflowRow = Schemas["WorkflowShown"];
export type EnvironmentLine = Schemas["RunsWhere"];
export type VersionName = Schemas["VersionRef"];
export type VersionRow = Schemas["WorkflowVersionRow"];
export type VersionOutcomes = Schemas["VersionOutcomes"];
export type Comparison = Schemas["WorkflowComparison"];
export type Meaning = Schemas["ComparedSentence"];
export type Change = Schemas["ComparedChange"];
export type ReleaseRow = Schemas["ReleaseRow"];
export type ReleaseShown = Schemas["ReleaseShown"];
export type ReleaseState = ReleaseRow["state"];
export type Watched = Schemas["WatchedMetric"];
export type Needs = Schemas["WatchedNeeds"];
export type Move = Schemas["ReleaseMove"];
export type MoveKind = Move["kind"];

/** The manifest is a document with a schema of its own: the API tells it as it is. */
export type VersionShown = Omit<Schemas["WorkflowVersionShown"], "manifest" | "git"> & {
  readonly manifest: Manifest;
  readonly git: Git;
};

export interface Git {
  commit?: string;
  branch?: string;
  dirty?: boolean | null;
  repository?: string;
}

/** `workflow.yaml` as its types say it; what is not said is left out. */
export interface Manifest {
  name: string;
  description?: string;
  agents: Record<string, Agent>;
  tools?: Record<string, Tool>;
  models?: Record<string, Route>;
  memory?: Record<string, MemoryNamespace>;
  memory_checkpoint?: string;
  context?: Record<string, Record<string, unknown>>;
  budgets?: { session?: Budget; tasks?: Record<string, Budget> };
  escalation?: Escalation[];
  mcp_servers?: Record<string, McpServer>;
  learned?: Record<string, Learned>;
}

export type Permission = "allow" | "ask" | "deny";
export interface RegisteredPrompt {
  registry: string;
  version?: number;
  digest?: string;
}
export interface Agent {
  role?: string;
  description?: string;
  instructions?: string | RegisteredPrompt;
  model?: string;
  tools?: string[];
  handoffs?: string[];
  memory?: string[];
  context?: string;
  mcp_servers?: string[];
}
export interface Tool {
  schema?: string;
  permission?: Permission;
  rules?: { when: string; permission: Permission }[];
  ask?: { question?: string; timeout_s?: number; default?: "allow" | "deny" };
  timeout_s?: number;
  retries?: number;
}
export interface Target {
  model: string;
  provider?: string;
  when?: string;
  parameters?: Record<string, unknown>;
  timeout_s?: number;
  retries?: number;
  adapter?: string;
}
export interface Route {
  targets: Target[];
  fallbacks?: { on: string[]; action?: string; route?: string }[];
}
export interface MemoryNamespace {
  scope?: string;
  description?: string;
  ttl_days?: number;
  writers?: string[];
}
export interface Budget {
  usd?: string;
  tokens?: number;
  model_calls?: number;
  tool_calls?: number;
  duration_s?: number;
  on_exceeded?: string;
}
export interface Escalation {
  when: string;
  question?: string;
  timeout_s?: number;
  default?: string;
}
export interface McpServer {
  url?: string;
  command?: string[];
  headers?: Record<string, string>;
  environment?: Record<string, string>;
  tools?: string[];
  permission?: Permission;
}
export interface Learned {
  uri: string;
  digest?: string;
  base_model?: string;
  served_by?: string;
}

export interface EnvironmentShown {
  workflow: string;
  environment: string;
  revision: number;
  stable: VersionName;
  candidate: VersionName | null;
  share: number;
  sticky_by: string;
  release_id: string;
  auto: boolean;
  rule: Record<string, unknown>;
  since: string;
  by: string;
  reason: string;
  moves: Move[];
}

export interface Plan {
  from: unknown;
  to: unknown;
  memory: Record<string, unknown> | null;
  not_moved: string[];
}

export interface MoveForm {
  kind: MoveKind;
  version?: string;
  share?: number;
  sticky_by?: "session" | "user" | "task";
  auto?: boolean;
  rule?: Record<string, unknown>;
  reason: string;
  expected_revision?: number;
  memory?: string;
  dry_run?: boolean;
}

export interface Moved {
  move: Move | null;
  environment: EnvironmentShown;
  plan: Plan;
}

export interface Drafts {
  files: Record<string, string>;
  observed: { sessions: number; agents: string[]; tools: string[]; models: string[] };
  notes: string[];
}

type Query = Record<string, string | number | undefined>;

async function ask<T>(
  project: string,
  path: string,
  told: { query?: Query; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(told.query ?? {})) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const written = search.toString();
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}${written ? `?${written}` : ""}`, {
      method: told.body === undefined ? "GET" : "POST",
      headers: {
        [PROJECT_HEADER]: project,
        ...(told.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(told.body === undefined ? {} : { body: JSON.stringify(told.body) }),
      ...(told.signal ? { signal: told.signal } : {}),
    });
  } catch (error) {
    throw error instanceof DOMException && error.name === "AbortError"
      ? error
      : new Unreachable(error);
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as T;
  throw refusal(response.status, body);
}

const of = (name: string) => encodeURIComponent(segment(name));
const PAGE = 20;

const called = (name: string) => ({ name: segment(name) });
const page = (cursor: string) => ({ limit: PAGE, ...(cursor ? { cursor } : {}) });

/** All that a move may change: what runs where, and what is known of it. */
export function workflowsKey(project: string) {
  return [project, "workflows"] as const;
}

export function workflows(project: string) {
  return infiniteQueryOptions({
    queryKey: [...workflowsKey(project), "list"],
    queryFn: ({ signal, pageParam }) =>
      asked(client.GET("/api/v1/workflows", { params: { query: page(pageParam) }, signal })),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

/** Of those that have this in their name, the first six. */
export async function workflowNames(containing: string, signal: AbortSignal): Promise<string[]> {
  const told = await asked(
    client.GET("/api/v1/workflows", { params: { query: { containing, limit: 6 } }, signal }),
  );
  return told.workflows.map((row) => row.name);
}

export function workflow(project: string, name: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "one", name],
    queryFn: ({ signal }) =>
      asked(client.GET("/api/v1/workflows/{name}", { params: { path: called(name) }, signal })),
  });
}

export function versions(project: string, name: string) {
  return infiniteQueryOptions({
    queryKey: [...workflowsKey(project), "versions", name],
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.GET("/api/v1/workflows/{name}/versions", {
          params: { path: called(name), query: page(pageParam) },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

/** `version`: a number, a tag or the beginning of a digest. */
export function version(project: string, name: string, which: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "version", name, which],
    queryFn: async ({ signal }): Promise<VersionShown> => {
      const told = await asked(
        client.GET("/api/v1/workflows/{name}/versions/{version}", {
          params: { path: { ...called(name), version: segment(which) } },
          signal,
        }),
      );
      return { ...told, manifest: told.manifest as unknown as Manifest, git: told.git as Git };
    },
  });
}

/** Versions never change, so neither does what lies between two. */
export function comparison(project: string, name: string, from: string, to: string) {
  return queryOptions({
    queryKey: [project, "workflow-comparison", name, from, to],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/workflows/{name}/compare", {
          params: { path: called(name), query: { from, to } },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function outcomes(
  project: string,
  name: string,
  where: { since?: string | undefined; environment?: string | undefined } = {},
) {
  const query = given({ since: where.since, environment: where.environment });
  return queryOptions({
    queryKey: [...workflowsKey(project), "outcomes", name, query],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/workflows/{name}/outcomes", {
          params: { path: called(name), query },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}

export function drafts(project: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "drafts"],
    queryFn: ({ signal }) => ask<Drafts>(project, "workflows/drafts", { signal }),
  });
}

export function environments(project: string, name: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "environments", name],
    queryFn: ({ signal }) =>
      ask<{ environments: EnvironmentShown[] }>(project, `workflows/${of(name)}/environments`, {
        signal,
      }),
  });
}

export function environment(project: string, name: string, which: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "environment", name, which],
    queryFn: ({ signal }) =>
      ask<EnvironmentShown>(project, `workflows/${of(name)}/environments/${of(which)}`, {
        signal,
      }),
  });
}

/** The newest fifty, without what the watch found. */
export function releases(project: string, name: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "releases", name],
    queryFn: ({ signal }) =>
      asked(client.GET("/api/v1/releases", { params: { query: { workflow: name } }, signal })),
  });
}

/** Asked again each quarter of a minute: the watch looks by itself. */
export function release(project: string, id: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "release", id],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/releases/{release_id}", {
          params: { path: { release_id: segment(id) } },
          signal,
        }),
      ),
    refetchInterval: 15_000,
  });
}

export function move(project: string, name: string, which: string, form: MoveForm) {
  return ask<Moved>(project, `workflows/${of(name)}/environments/${of(which)}/moves`, {
    body: form,
  });
}

/** What a move would do; nothing is moved. */
export function movePlan(project: string, name: string, which: string, form: MoveForm) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "plan", name, which, form],
    queryFn: () => move(project, name, which, { ...form, dry_run: true }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}

export function forgetWhatRan(queries: QueryClient, project: string): Promise<void> {
  return queries.invalidateQueries({ queryKey: workflowsKey(project) });
}
