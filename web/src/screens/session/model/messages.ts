/** What the page and the worker that reads a session's skeleton say to each other. */
import type { Columns, SkeletonAct, SkeletonKind } from "./columns";
import type { Derived } from "./derive";

export interface Texts {
  /** Of a step what was called: agent, model, tool; of another span its name. */
  readonly names: readonly string[];
  readonly kinds: readonly SkeletonKind[];
  /** "" is no agent. */
  readonly agents: readonly string[];
  readonly traces: readonly string[];
}

/** To the worker. `headers` name the project. */
export type Ask =
  | { readonly ask: "load"; readonly session: string; readonly headers: Record<string, string> }
  /** Listen for what changes, until terminated. */
  | { readonly ask: "follow" };

export interface Facts {
  readonly startedNs: string;
  readonly revision: string;
  /** The session may go on. */
  readonly open: boolean;
  /** Rows of the whole session. */
  readonly total: number;
  readonly steps: number;
}

/** From the worker. */
export type Told =
  | {
      readonly told: "rows";
      readonly facts: Facts;
      readonly texts: Texts;
      readonly acts: readonly SkeletonAct[];
      /** Rows from `since` on; nothing stands behind them. */
      readonly since: number;
      readonly rows: Columns;
      /** Rows before `since` that are different now. */
      readonly changed: { readonly rows: Int32Array; readonly columns: Columns } | null;
      readonly derived: Derived;
    }
  /** The session's record changed: ask for it again. */
  | { readonly told: "record" }
  | { readonly told: "following"; readonly on: boolean }
  | { readonly told: "failed"; readonly status: number; readonly body: unknown };
