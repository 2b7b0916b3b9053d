/** Workflows: their versions, what runs where, and what is known of the effect. */
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
export type Move = Schemas["EnvironmentMove"];
export type EnvironmentRow = Schemas["EnvironmentRow"];
export type EnvironmentShown = Schemas["EnvironmentShown"];
export type Plan = Schemas["PlannedMove"];
export type Drafts = Schemas["WorkflowDraft"];
/** What the server fills in may be left out. */
export type MoveForm = Pick<Schemas["MoveForm"], "kind"> & Partial<Schemas["MoveForm"]>;
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

/** A workflow's files, made of the sessions of the last days. */
export function drafts(project: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "drafts"],
    queryFn: ({ signal }) => asked(client.GET("/api/v1/workflows/drafts", { signal })),
  });
}

export function environments(project: string, name: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "environments", name],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/workflows/{name}/environments", {
          params: { path: called(name) },
          signal,
        }),
      ),
  });
}

/** What runs there with its newest moves; further pages hold older ones. */
export function environment(project: string, name: string, which: string) {
  return infiniteQueryOptions({
    queryKey: [...workflowsKey(project), "environment", name, which],
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.GET("/api/v1/workflows/{name}/environments/{environment}", {
          params: {
            path: { ...called(name), environment: segment(which) },
            query: pageParam ? { cursor: pageParam } : {},
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
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

/** Asked again each quarter of a minute while it runs: the watch looks by itself. */
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
    refetchInterval: (query) => (query.state.data?.ended_at ? false : 15_000),
  });
}

/** Refused with 409 where somebody moved since `expected_revision`. */
export function move(name: string, which: string, form: MoveForm) {
  const body = { memory: "", reason: "", dry_run: false, ...form };
  return asked(
    client.POST("/api/v1/workflows/{name}/environments/{environment}/moves", {
      params: { path: { ...called(name), environment: segment(which) } },
      body,
    }),
  );
}

/** What a move would do; nothing is moved. */
export function movePlan(project: string, name: string, which: string, form: MoveForm) {
  return queryOptions({
    // Beside the others: what was planned for a state that is gone must not be asked again.
    queryKey: [project, "workflow-plan", name, which, form],
    queryFn: () => move(name, which, { ...form, dry_run: true }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}

export function checkpoints(project: string) {
  return queryOptions({
    queryKey: [project, "memory", "checkpoints"],
    queryFn: ({ signal }) => asked(client.GET("/api/v1/memory/checkpoints", { signal })),
  });
}

export function forgetWhatRan(queries: QueryClient, project: string): Promise<void> {
  return queries.invalidateQueries({ queryKey: workflowsKey(project) });
}
