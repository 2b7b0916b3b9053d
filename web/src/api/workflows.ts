/** Workflows: their versions, what runs where, and what is known of the effect. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { segment } from "@/app/address";
import type { Estimate, Verdict } from "@/format";
import { PROJECT_HEADER, refusal, Unreachable } from "./client";

export interface VersionName {
  version: number;
  digest: string;
}

export interface EnvironmentLine {
  environment: string;
  stable: number;
  candidate: number | null;
  /** Of the candidate, 0 to 1. */
  share: number;
  revision: number;
  at: string;
  by: string;
}

export interface WorkflowRow {
  name: string;
  description: string;
  latest: number;
  versions: number;
  created_at: string;
  environments: EnvironmentLine[];
}

export interface Git {
  commit?: string;
  branch?: string;
  dirty?: boolean;
  repository?: string;
}

export interface VersionRow extends VersionName {
  workflow: string;
  message: string;
  git: Git;
  tags: string[];
  created_at: string;
  created_by: string;
}

export interface Pin {
  kind: "prompt" | "learned";
  name: string;
  digest: string;
  version: number;
  uri: string;
}

export interface VersionShown extends VersionRow {
  verified: boolean;
  manifest: Manifest;
  prompts: Record<string, string>;
  tools: Record<string, Record<string, unknown>>;
  pins: Pin[];
  files: { path: string; bytes: number; sha256: string }[];
  running_in: string[];
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

export interface Meaning {
  area: string;
  severity: "widens" | "narrows" | "changes";
  text: string;
}

export interface Change {
  area: string;
  path: string;
  kind: "added" | "removed" | "changed";
  before: unknown;
  after: unknown;
  text?: { before: string; after: string };
}

export interface Comparison {
  from: VersionName;
  to: VersionName;
  summary: Meaning[];
  changes: Change[];
  files: {
    path: string;
    kind: "added" | "removed" | "changed";
    before: string | null;
    after: string | null;
  }[];
  textual_only: boolean;
}

export type MoveKind = "release" | "canary" | "share" | "hold" | "resume" | "promote" | "rollback";

export interface Move {
  revision: number;
  kind: MoveKind;
  stable: number;
  candidate: number | null;
  share: number;
  sticky_by: string;
  release_id: string;
  auto: boolean;
  reason: string;
  at: string;
  by: string;
  evidence: Record<string, unknown>;
  memory: Record<string, unknown>;
}

export interface Guard {
  metric: string;
  limit: number;
  direction: string;
}

export interface Rule {
  metric?: string;
  limit?: number;
  level?: number;
  minimum?: number;
  maximum?: number | null;
  guards?: Guard[];
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
  rule: Rule;
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
  rule?: Rule;
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

export interface Needs {
  more_sessions: number | null;
  about_s: number | null;
}

export interface Watched {
  metric: string;
  stable: Estimate;
  candidate: Estimate;
  difference: {
    value: number | string | null;
    low: number | string | null;
    high: number | string | null;
    level: number;
    method: string;
    verdict: Verdict;
  };
  needs: Needs | null;
}

export interface CurvePoint {
  at: string;
  n_stable: number;
  n_candidate: number;
  difference: number | null;
  low: number | null;
  high: number | null;
}

export interface Watch {
  verdict: string;
  action: "none" | "promote" | "rollback";
  why: string;
  checked_at: string | null;
  metrics: Watched[];
  curve: CurvePoint[];
  rule_text: string;
  announced: string;
  limit: number;
  notes: string[];
}

export type ReleaseState = "running" | "held" | "promoted" | "rolled_back" | "superseded";

export interface ReleaseShown {
  release_id: string;
  workflow: string;
  environment: string;
  stable: VersionName;
  candidate: VersionName;
  share: number;
  state: ReleaseState;
  auto: boolean;
  rule: Rule;
  started_at: string;
  ended_at: string | null;
  moves: Move[];
  verdict: string;
  watch: Watch | null;
}

export interface VersionOutcomes {
  version: string;
  environments: string[];
  sessions: number;
  known: number;
  completion: Estimate;
  intervention: Estimate;
  cost_per_success: Estimate;
  recovery: Estimate;
  quality: Estimate;
  first_at: string;
  last_at: string;
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

/** All that a move may change: what runs where, and what is known of it. */
export function workflowsKey(project: string) {
  return [project, "workflows"] as const;
}

export function workflows(project: string) {
  return infiniteQueryOptions({
    queryKey: [...workflowsKey(project), "list"],
    queryFn: ({ signal, pageParam }) =>
      ask<{ workflows: WorkflowRow[]; total: number; next_cursor: string | null }>(
        project,
        "workflows",
        { query: { limit: PAGE, cursor: pageParam }, signal },
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** Of the first hundred, by name. */
export async function workflowNames(project: string, signal: AbortSignal): Promise<string[]> {
  const told = await ask<{ workflows: WorkflowRow[] }>(project, "workflows", {
    query: { limit: 100 },
    signal,
  });
  return told.workflows.map((row) => row.name);
}

export function workflow(project: string, name: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "one", name],
    queryFn: ({ signal }) => ask<WorkflowRow>(project, `workflows/${of(name)}`, { signal }),
  });
}

export function versions(project: string, name: string) {
  return infiniteQueryOptions({
    queryKey: [...workflowsKey(project), "versions", name],
    queryFn: ({ signal, pageParam }) =>
      ask<{ versions: VersionRow[]; next_cursor: string | null }>(
        project,
        `workflows/${of(name)}/versions`,
        { query: { limit: PAGE, cursor: pageParam }, signal },
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** `version`: a number, a tag or the beginning of a digest. */
export function version(project: string, name: string, which: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "version", name, which],
    queryFn: ({ signal }) =>
      ask<VersionShown>(project, `workflows/${of(name)}/versions/${of(which)}`, { signal }),
  });
}

/** Versions never change, so neither does what lies between two. */
export function comparison(project: string, name: string, from: string, to: string) {
  return queryOptions({
    queryKey: [project, "workflow-comparison", name, from, to],
    queryFn: ({ signal }) =>
      ask<Comparison>(project, `workflows/${of(name)}/compare`, { query: { from, to }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function outcomes(
  project: string,
  name: string,
  where: { since?: string | undefined; environment?: string | undefined } = {},
) {
  const { since, environment } = where;
  return queryOptions({
    queryKey: [...workflowsKey(project), "outcomes", name, since ?? "", environment ?? ""],
    queryFn: ({ signal }) =>
      ask<{ versions: VersionOutcomes[] }>(project, `workflows/${of(name)}/outcomes`, {
        query: { since, environment },
        signal,
      }),
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

export function releases(project: string, name: string, which = "") {
  return queryOptions({
    queryKey: [...workflowsKey(project), "releases", name, which],
    queryFn: ({ signal }) =>
      ask<{ releases: ReleaseShown[] }>(project, "releases", {
        query: { workflow: name, environment: which, limit: 20 },
        signal,
      }),
  });
}

/** Asked again each quarter of a minute: the watch looks by itself. */
export function release(project: string, id: string) {
  return queryOptions({
    queryKey: [...workflowsKey(project), "release", id],
    queryFn: ({ signal }) => ask<ReleaseShown>(project, `releases/${of(id)}`, { signal }),
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
