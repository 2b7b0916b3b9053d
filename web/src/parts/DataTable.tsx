/**
 * A dense table: one line of heading, rows of a fixed height, figures at the right.
 *
 * Sorting is a link in the heading, because the order stands in the address. The rows that it gets
 * are the rows that it shows: paging and virtual rows are the screen's.
 */
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import css from "./DataTable.module.css";

export interface Column<Row> {
  readonly id: string;
  readonly title: ReactNode;
  readonly cell: (row: Row) => ReactNode;
  /** Right-aligned, tabular figures. */
  readonly numeric?: boolean;
  /** CSS width; without one the column takes what it needs. */
  readonly width?: string;
  /** Takes the room that is left, and cuts what is too long. */
  readonly grows?: boolean;
  /** Where pressing the heading leads: the same list in another order. */
  readonly sort?: LinkProps;
  readonly sorted?: "ascending" | "descending";
  /** This column names its row. */
  readonly isName?: boolean;
}

export interface DataTableProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** What the table is of: read out, and shown with `showsCaption`. */
  readonly caption: string;
  readonly showsCaption?: boolean;
  readonly density?: "compact" | "usual" | "two-lines";
  readonly isMarked?: (row: Row) => boolean;
  /** Old rows while new ones are on their way. */
  readonly isDimmed?: boolean;
  /** Under the last row: totals. One cell for each column. */
  readonly foot?: readonly ReactNode[];
}

export function DataTable<Row>({
  columns,
  rows,
  rowKey,
  caption,
  showsCaption = false,
  density = "usual",
  isMarked,
  isDimmed = false,
  foot,
}: DataTableProps<Row>) {
  return (
    <div className={css.around} data-dimmed={isDimmed || undefined}>
      <table className={`${css.table} ${css[density]}`} aria-busy={isDimmed}>
        <caption className={showsCaption ? css.caption : "visually-hidden"}>{caption}</caption>
        <colgroup>
          {columns.map((column) => (
            <col key={column.id} style={widthOf(column)} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.id} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} data-marked={isMarked?.(row) || undefined}>
              {columns.map((column) => {
                const look = cellLook(column);
                return column.isName ? (
                  <th key={column.id} scope="row" className={look}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.id} className={look}>
                    {column.cell(row)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
        {foot && (
          <tfoot>
            <tr>
              {columns.map((column, index) => (
                <td key={column.id} className={cellLook(column)}>
                  {foot[index]}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

function Heading<Row>({ column }: { column: Column<Row> }) {
  const arrow = column.sorted === "ascending" ? "↑" : column.sorted === "descending" ? "↓" : "";
  return (
    <th
      scope="col"
      className={column.numeric ? css.numeric : ""}
      {...(column.sorted ? { "aria-sort": column.sorted } : {})}
    >
      {column.sort ? (
        <Link {...column.sort} className={css.sort}>
          {column.title}
          <span aria-hidden className={css.arrow}>
            {arrow}
          </span>
        </Link>
      ) : (
        column.title
      )}
    </th>
  );
}

function cellLook<Row>(column: Column<Row>): string {
  return `${column.numeric ? css.numeric : ""} ${column.grows ? css.grows : ""}`;
}

function widthOf<Row>(column: Column<Row>): { width?: string } {
  if (column.grows) return { width: "100%" };
  return column.width ? { width: column.width } : {};
}
