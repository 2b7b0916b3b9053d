/** Small sessions for tests, as the API tells them. */
import type { SkeletonPage } from "@/screens/session/model/columns";
import { readColumns } from "@/screens/session/model/columns";
import { derive } from "@/screens/session/model/derive";
import { type Model, nextModel } from "@/screens/session/model/model";

export interface Row {
  kind?: SkeletonPage["kinds"][number];
  parent?: number;
  /** ms from the session's start. */
  at?: number;
  /** ms; null: still open. */
  took?: number | null;
  /** false: a span that is no step. */
  step?: boolean;
  depth?: number;
  agent?: string;
  name?: string;
  failed?: boolean;
  episode?: number;
  usd?: number;
}

export function page(rows: readonly Row[], acts: SkeletonPage["acts"] = []): SkeletonPage {
  const kinds = [...new Set(rows.map((row) => row.kind ?? "tool"))];
  const agents = [...new Set(rows.map((row) => row.agent ?? "coder"))];
  const names = [...new Set(rows.map((row) => row.name ?? "bash"))];
  let number = 0;
  return {
    session_id: "s",
    started_ns: "1795305600000000000",
    since: 0,
    count: rows.length,
    total: rows.length,
    steps: rows.filter((row) => row.step !== false).length,
    revision: "r1",
    open: false,
    names,
    kinds,
    agents,
    traces: ["t"],
    parent: rows.map((row) => row.parent ?? -1),
    name: rows.map((row) => names.indexOf(row.name ?? "bash")),
    kind: rows.map((row) => kinds.indexOf(row.kind ?? "tool")),
    agent: rows.map((row) => agents.indexOf(row.agent ?? "coder")),
    start_us: rows.map((row, at) => ((row.at ?? 0) - (rows[at - 1]?.at ?? 0)) * 1000),
    duration_us: rows.map((row) => (row.took === null ? -1 : (row.took ?? 0) * 1000)),
    error: rows.map((row) => (row.failed ? 1 : 0)),
    cost_nano: rows.map((row) => (row.usd === undefined ? null : row.usd * 1e9)),
    step: rows.map((row) => (row.step === false ? 0 : ++number)),
    depth: rows.map((row) => (row.step === false ? -1 : (row.depth ?? 0))),
    episode: rows.map((row) => row.episode ?? 0),
    retry: rows.map(() => 0),
    trace: rows.map(() => 0),
    acts,
  };
}

export function model(rows: readonly Row[], acts: SkeletonPage["acts"] = []): Model {
  const told = page(rows, acts);
  const columns = readColumns(told);
  return nextModel(null, "s", {
    told: "rows",
    facts: { ...told, startedNs: told.started_ns },
    texts: told,
    acts: told.acts,
    since: 0,
    rows: columns,
    changed: null,
    derived: derive(columns, told.kinds, told.acts, told.steps),
  });
}

export function act(row: number, at: number, waited: number | null): SkeletonPage["acts"][number] {
  return {
    row,
    kind: "approval",
    decision: waited === null ? "none" : "approved",
    pending: waited === null,
    by: "a",
    at_us: at * 1000,
    waited_us: waited === null ? null : waited * 1000,
  };
}
