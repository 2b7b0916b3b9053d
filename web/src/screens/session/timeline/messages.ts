/** What the timeline asks its worker for, and what it is told. */
import type { Columns, SkeletonAct, SkeletonKind } from "../model/columns";
import type { Idle } from "../model/derive";
import type { Lanes } from "./lanes";
import type { By, OwnTime, Stretch } from "./ownTime";

/** The columns that lanes and own times are worked out from; the worker keeps a copy. */
export interface Rows {
  readonly ask: "rows";
  readonly turn: number;
  readonly columns: Columns;
  readonly kinds: readonly SkeletonKind[];
  readonly acts: readonly SkeletonAct[];
  readonly idle: readonly Idle[];
  readonly extentUs: number;
}

export interface AskTable {
  readonly ask: "table";
  readonly turn: number;
  readonly within: Stretch;
  readonly by: By;
}

export type Asked = Rows | AskTable;

/** `turn` is that of the question: an answer to an earlier one is of no use. */
export type Told =
  | { readonly told: "lanes"; readonly turn: number; readonly lanes: Lanes }
  | { readonly told: "table"; readonly turn: number; readonly table: readonly OwnTime[] };
