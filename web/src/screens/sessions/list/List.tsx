/**
 * The rows, of which only those in sight are in the page; more are read as one scrolls.
 *
 * A grid with one tab stop: it has the focus and names the active row. `j` and `k` work from
 * anywhere on the screen, the arrows where the grid has the focus.
 */
import { useNavigate } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import type { SessionRow } from "@/api/sessions";
import { useKeys } from "@/app/keys/useKeys";
import { rememberTrail } from "@/app/list-trail";
import type { Density, Sort } from "../address";
import { ariaSort, COLUMNS, nextSort } from "./columns";
import css from "./List.module.css";
import { Row, rowId } from "./Row";
import type { ListPlace } from "./usePlace";

const HEIGHTS = { compact: 28, comfortable: 52, phone: 60 } as const;
const PHONE_WIDTH = 560;
const FAR = 20;

export interface ListProps {
  readonly project: string;
  readonly rows: readonly SessionRow[];
  /** Of all pages; null while it is not known. */
  readonly total: number | null;
  readonly hasMore: boolean;
  readonly isReading: boolean;
  readonly readMore: () => void;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly density: Density;
  readonly place: ListPlace;
  readonly onPreview: () => void;
}

export function List(props: ListProps) {
  const { project, rows, density, place, hasMore, readMore, isReading } = props;
  const { active, selected, setActive, toggle, add } = place;
  const grid = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const anchor = useRef<string | null>(null);
  const navigate = useNavigate();
  const minute = useMinute();
  const { top, width } = useOrigin(body);
  const height = width > 0 && width < PHONE_WIDTH ? HEIGHTS.phone : HEIGHTS[density];
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => height,
    overscan: 4,
    scrollMargin: top,
    scrollPaddingStart: 36,
    scrollPaddingEnd: 64,
    getItemKey: (index) => rows[index]?.session_id ?? index,
  });
  useLayoutEffect(() => {
    if (height > 0) virtual.measure();
  }, [height, virtual]);

  const seen = virtual.getVirtualItems();
  const lastSeen = seen.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isReading && lastSeen > rows.length - FAR) readMore();
  }, [hasMore, isReading, lastSeen, rows.length, readMore]);

  const at = active === null ? -1 : rows.findIndex((row) => row.session_id === active);
  const go = (index: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, index));
    const row = rows[next];
    if (!row) return;
    setActive(row.session_id);
    virtual.scrollToIndex(next, { align: "auto" });
    grid.current?.focus({ preventScroll: true });
  };
  const open = useCallback(
    (id: string) => {
      setActive(id);
      rememberTrail(rows.map((row) => row.session_id));
    },
    [rows, setActive],
  );
  const enter = () => {
    const row = rows[at];
    if (!row) return;
    open(row.session_id);
    void navigate({
      to: "/p/$project/sessions/$session",
      params: { project, session: row.session_id },
    });
  };
  const select = useCallback(
    (id: string, isRange: boolean) => {
      const from = rows.findIndex((row) => row.session_id === anchor.current);
      const to = rows.findIndex((row) => row.session_id === id);
      if (isRange && from >= 0) {
        const range = rows.slice(Math.min(from, to), Math.max(from, to) + 1);
        add(range.map((row) => row.session_id));
      } else {
        anchor.current = id;
        toggle(id);
      }
      setActive(id);
    },
    [rows, add, toggle, setActive],
  );
  const extend = (step: 1 | -1) => {
    const here = rows[at];
    const next = rows[at + step];
    add([here, next].flatMap((row) => (row ? [row.session_id] : [])));
    go(at < 0 ? 0 : at + step);
  };
  const page = Math.max(1, Math.floor(window.innerHeight / height) - 3);
  const acts: Record<string, () => void> = {
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at < 0 ? 0 : at - 1),
    PageDown: () => go(at + page),
    PageUp: () => go(at - page),
    Home: () => go(0),
    End: () => go(rows.length - 1),
    Enter: enter,
    " ": props.onPreview,
    "Shift+ArrowDown": () => extend(1),
    "Shift+ArrowUp": () => extend(-1),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target !== grid.current) return;
    const act = acts[`${event.shiftKey ? "Shift+" : ""}${event.key}`];
    if (!act) return;
    event.preventDefault();
    act();
  };
  useKeys({
    next: (event) => {
      event.preventDefault();
      go(at + 1);
    },
    previous: (event) => {
      event.preventDefault();
      go(at < 0 ? 0 : at - 1);
    },
    open: () => enter(),
    preview: (event) => {
      event.preventDefault();
      if (at < 0) go(0);
      props.onPreview();
    },
    select: () => {
      const row = rows[at];
      if (row) select(row.session_id, false);
    },
  });

  const activeShown = seen.some((item) => item.index === at);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a virtual list can't be a table.
    <div
      ref={grid}
      role="grid"
      className={css.grid}
      tabIndex={0}
      aria-label="Sessions"
      aria-multiselectable
      aria-rowcount={props.total === null ? -1 : props.total + 1}
      aria-activedescendant={activeShown && active ? rowId(active) : undefined}
      data-density={density}
      data-selecting={selected.size > 0 || undefined}
      onKeyDown={onKeyDown}
      onFocus={(event) => {
        if (event.target === grid.current && at < 0 && rows[0]) setActive(rows[0].session_id);
      }}
    >
      <Head sort={props.sort} onSort={props.onSort} />
      {/* biome-ignore lint/a11y/useSemanticElements: as above. */}
      <div
        ref={body}
        role="rowgroup"
        className={css.rows}
        style={{ height: virtual.getTotalSize() }}
      >
        {seen.map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <Row
                key={row.session_id}
                row={row}
                project={project}
                index={item.index}
                top={item.start - top}
                height={item.size}
                density={density}
                isActive={item.index === at}
                isSelected={selected.has(row.session_id)}
                minute={row.status === "closed" ? 0 : minute}
                onOpen={open}
                onSelect={select}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

function Head({ sort, onSort }: { sort: Sort; onSort: (sort: Sort) => void }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as the grid.
    <div role="rowgroup">
      {/* biome-ignore lint/a11y/useSemanticElements: as the grid. */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus. */}
      <div role="row" aria-rowindex={1} className={css.head}>
        {/* biome-ignore lint/a11y/useSemanticElements: as the grid. */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus. */}
        <div role="columnheader">
          <span className="visually-hidden">Selected</span>
        </div>
        {COLUMNS.map((column) => (
          // biome-ignore lint/a11y/useSemanticElements: as the grid.
          // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus.
          <div
            key={column.id}
            role="columnheader"
            data-column={column.id}
            className={column.numeric ? css.numeric : undefined}
            aria-sort={ariaSort(column, sort)}
          >
            <ColumnHead column={column} sort={sort} onSort={onSort} />
          </div>
        ))}
      </div>
    </div>
  );
}

function ColumnHead({
  column,
  sort,
  onSort,
}: {
  column: (typeof COLUMNS)[number];
  sort: Sort;
  onSort: (sort: Sort) => void;
}) {
  const next = nextSort(column, sort);
  if (!next) return column.title;
  const mark = ariaSort(column, sort);
  return (
    <button
      type="button"
      // By keyboard the order is chosen with `s`: the grid stays one tab stop.
      tabIndex={-1}
      className={css.sorter}
      onClick={() => onSort(next)}
    >
      {column.title}
      <span aria-hidden>{mark === "descending" ? " ↓" : mark === "ascending" ? " ↑" : ""}</span>
    </button>
  );
}

/** Where the rows begin in the page, and how wide they are. */
function useOrigin(body: React.RefObject<HTMLDivElement | null>): { top: number; width: number } {
  const [origin, setOrigin] = useState({ top: 0, width: 0 });
  useLayoutEffect(() => {
    const element = body.current;
    if (!element) return;
    const measure = () => {
      const box = element.getBoundingClientRect();
      const top = Math.round(box.top + window.scrollY);
      const width = Math.round(box.width);
      setOrigin((past) => (past.top === top && past.width === width ? past : { top, width }));
    };
    measure();
    // What stands above the list opens and closes; that changes the height of the page.
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [body]);
  return origin;
}

function useMinute(): number {
  const [minute, setMinute] = useState(() => Date.now() / 60_000);
  useEffect(() => {
    const timer = setInterval(() => setMinute(Date.now() / 60_000), 30_000);
    return () => clearInterval(timer);
  }, []);
  return minute;
}
