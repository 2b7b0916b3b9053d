/** Columns of made-up spans, and what follows from them, as the views get them. */
import { type Columns, emptyColumns } from "@/screens/session/model/columns";
import { type Derived, derive } from "@/screens/session/model/derive";

export interface Made {
  readonly parent?: number;
  readonly start: number;
  /** -1: open. */
  readonly duration: number;
  readonly kind?: number;
  readonly name?: number;
  readonly agent?: number;
  readonly error?: 0 | 1;
  readonly episode?: number;
}

export const KINDS = ["agent", "model", "tool", "human"] as const;

/** All spans are steps. */
export function columnsOf(spans: readonly Made[]): Columns {
  const columns = emptyColumns(spans.length);
  columns.count = spans.length;
  spans.forEach((span, row) => {
    columns.parent[row] = span.parent ?? -1;
    columns.startUs[row] = span.start;
    columns.durationUs[row] = span.duration;
    columns.kind[row] = span.kind ?? 1;
    columns.name[row] = span.name ?? 0;
    columns.agent[row] = span.agent ?? 0;
    columns.error[row] = span.error ?? 0;
    columns.episode[row] = span.episode ?? 0;
    columns.step[row] = row + 1;
    columns.costNano[row] = Number.NaN;
  });
  return columns;
}

export function treeOf(spans: readonly Made[]): Columns & Derived {
  const columns = columnsOf(spans);
  return { ...columns, ...derive(columns, [...KINDS], [], spans.length) };
}
