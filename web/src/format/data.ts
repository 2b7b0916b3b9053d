/**
 * What is copied as data: no language, no zone, no rounding. Tab-separated, for sheets.
 */
import type { Estimate } from "./estimates";
import { instantMs } from "./instants";

export type Cell = string | number | boolean | null | undefined;

/** The first row names the columns; a tab or a line break inside a cell becomes a space. */
export function asTabs(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [columns, ...rows].map((row) => row.map(cellText).join("\t")).join("\n");
}

/** Value, low, high, n; what is not known stays empty. */
export function estimateCells(estimate: Estimate): Cell[] {
  return [estimate.value, estimate.interval?.low, estimate.interval?.high, estimate.n];
}

/** RFC 3339 in UTC, to the millisecond; "" where it is not known. */
export function instantText(at: string | number | null | undefined): string {
  const ms = instantMs(at);
  return ms === null ? "" : new Date(ms).toISOString();
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  return String(cell).replaceAll(/[\t\r\n]+/g, " ");
}
