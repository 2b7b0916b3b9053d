/**
 * What every chart stands in: a name that says what is shown, and the same as a table.
 *
 * `t` changes between the two while it has the focus; the table is what is copied.
 */
import { Table2 } from "lucide-react";
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { asTabs, type Cell } from "@/format";
import { ToggleButton } from "../Button";
import { CopyButton } from "../CopyButton";
import { visibleText } from "../hostile";
import css from "./Chart.module.css";

export interface TableOf {
  readonly columns: readonly string[];
  /** As data, for the copy. */
  readonly cells: readonly (readonly Cell[])[];
  /** As shown. */
  readonly rows: readonly (readonly ReactNode[])[];
}

export interface ChartChoice {
  /** Given = the screen keeps whether the table is shown. */
  readonly asTable?: boolean;
  readonly onTableChange?: (asTable: boolean) => void;
  /** The label stands above it, instead of in a heading of the screen. */
  readonly showsLabel?: boolean;
}

export interface ChartProps extends ChartChoice {
  /** What is shown: "Completion by day, last 7 days". */
  readonly label: string;
  /** What it says, for those who don't see it: "from 79 % to 87 %". */
  readonly summary?: string;
  readonly table: TableOf;
  readonly children: ReactNode;
  readonly onKey?: (event: KeyboardEvent) => void;
}

export function Chart({
  label,
  summary,
  table,
  children,
  showsLabel = false,
  asTable,
  onTableChange,
  onKey,
}: ChartProps) {
  const [kept, setKept] = useState(false);
  const isTable = asTable ?? kept;
  const change = (next: boolean) => {
    setKept(next);
    onTableChange?.(next);
  };
  const name = summary ? `${label}: ${summary}` : label;
  const pressed = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === "t" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      change(!isTable);
    } else onKey?.(event);
  };
  return (
    <figure
      className={css.chart}
      aria-label={visibleText(name)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: `t` works while it has the focus.
      tabIndex={0}
      onKeyDown={pressed}
      data-chart=""
    >
      <figcaption className={showsLabel ? css.caption : css.tools}>
        {showsLabel && <span className={css.label}>{label}</span>}
        <span className={css.acts}>
          {isTable && <CopyButton text={() => asTabs(table.columns, table.cells)} what="table" />}
          <ToggleButton
            size="small"
            isSelected={isTable}
            onChange={change}
            aria-label="As a table (t)"
            icon={<Table2 aria-hidden />}
          >
            Table
          </ToggleButton>
        </span>
      </figcaption>
      {isTable ? <AsTable label={label} table={table} /> : children}
    </figure>
  );
}

function AsTable({ label, table }: { label: string; table: TableOf }) {
  return (
    <div className={css.scroll}>
      <table className={css.table}>
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the order is all that names a row.
            <tr key={index}>
              {row.map((cell, at) =>
                at === 0 ? (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns stay where they are.
                  <th key={at} scope="row">
                    {cell}
                  </th>
                ) : (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns stay where they are.
                  <td key={at}>{cell}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The width that an element has, in CSS pixels; `first` before it is known. */
export function useWidth(first = 640): [(element: Element | null) => void, number] {
  const [width, setWidth] = useState(first);
  const observer = useRef<ResizeObserver | null>(null);
  const watch = useCallback((element: Element | null) => {
    observer.current?.disconnect();
    if (!element) return;
    observer.current = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(40, Math.round(entry.contentRect.width)));
    });
    observer.current.observe(element);
  }, []);
  useEffect(() => () => observer.current?.disconnect(), []);
  return [watch, width];
}

/** A pattern of lines for what rests on few data; `fill={hatch.fill}` after `{hatch.definition}`. */
export function useHatch(color: string): { definition: ReactNode; fill: string } {
  const id = `hatch-${useId().replaceAll(/[^a-zA-Z0-9]/g, "")}`;
  return {
    definition: (
      <defs>
        <pattern
          id={id}
          width="5"
          height="5"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <line x1="0" y1="0" x2="0" y2="5" stroke={color} strokeWidth="1.6" />
        </pattern>
      </defs>
    ),
    fill: `url(#${id})`,
  };
}
