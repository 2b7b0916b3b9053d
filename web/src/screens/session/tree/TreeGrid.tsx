// biome-ignore-all lint/a11y/useSemanticElements: a table element can hold neither rows of a virtual list nor levels.
/**
 * The span tree as a `treegrid`: one tab stop, arrows, Home and End, `*`, and type-ahead where
 * single keys are switched off. Rows have a fixed height; those out of sight do not exist.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { singleKeysAreOn } from "@/app/keys/useKeys";
import type { Model } from "../model";
import { announced } from "../spanWords";
import { TreeRow } from "./TreeRow";
import css from "./View.module.css";
import { ORPHANS, type Siblings, type Visible } from "./visible";

export const ROW = 28;

export interface TreeGridProps {
  readonly model: Model;
  readonly visible: Visible;
  readonly siblings: Siblings;
  readonly paths: Uint8Array;
  readonly passes: Uint8Array | null;
  readonly closed: ReadonlySet<number>;
  readonly setClosed: (closed: ReadonlySet<number>) => void;
  readonly selected: number;
  readonly select: (row: number) => void;
  readonly open: () => void;
}

export function TreeGrid(props: TreeGridProps) {
  const { model, visible, selected } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: visible.rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 12,
    // The head of the columns stays above them.
    scrollMargin: ROW,
    scrollPaddingStart: ROW,
  });
  const place = visible.places[selected] ?? -1;
  useEffect(() => {
    if (place >= 0) rows.scrollToIndex(place, { align: "auto" });
  }, [place, rows]);
  const onKeyDown = useTreeKeys(props);
  return (
    <>
      <div
        ref={scroll}
        className={css.grid}
        role="treegrid"
        aria-label="Spans as sent"
        aria-rowcount={visible.rows.length + 1}
        aria-colcount={5}
        aria-activedescendant={place >= 0 ? rowId(selected) : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus, as aria-activedescendant wants it. */}
        <div role="row" aria-rowindex={1} className={css.head}>
          <span role="columnheader" tabIndex={-1}>
            Span
          </span>
          <span role="columnheader" tabIndex={-1} className={css.wideOnly}>
            Agent
          </span>
          <span role="columnheader" tabIndex={-1} className={css.wideOnly}>
            Began
          </span>
          <span role="columnheader" tabIndex={-1}>
            Took
          </span>
          <span role="columnheader" tabIndex={-1}>
            Step
          </span>
        </div>
        <div role="rowgroup" className={css.rows} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const row = visible.rows[item.index] ?? ORPHANS;
            const top = item.start - ROW;
            if (row === ORPHANS) return <OrphansHead key="orphans" at={item.index} top={top} />;
            return (
              <TreeRow
                key={row}
                model={model}
                row={row}
                at={item.index}
                top={top}
                siblings={props.siblings}
                path={props.paths[row] ?? 0}
                isOpen={props.passes !== null || !props.closed.has(row)}
                isAside={props.passes !== null && props.passes[row] !== 1}
                isSelected={row === selected}
                onSelect={props.select}
                onToggle={() => toggle(props, row)}
                onOpen={props.open}
              />
            );
          })}
        </div>
      </div>
      <span className="visually-hidden" role="status">
        {selected >= 0 ? announced(model, selected) : ""}
      </span>
    </>
  );
}

function OrphansHead({ at, top }: { at: number; top: number }) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: a heading among the rows; the grid has the focus.
    <div
      role="row"
      aria-rowindex={at + 2}
      className={css.orphans}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span role="gridcell" tabIndex={-1}>
        Parent never arrived
      </span>
    </div>
  );
}

export function rowId(row: number): string {
  return `span-row-${row}`;
}

function toggle(props: TreeGridProps, row: number): void {
  const next = new Set(props.closed);
  if (!next.delete(row)) next.add(row);
  props.setClosed(next);
}

const PAGE = 20;

function useTreeKeys(props: TreeGridProps) {
  const typed = useRef({ text: "", at: 0 });
  return (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { visible, selected } = props;
    const place = visible.places[selected] ?? -1;
    const isDone = move(props, event.key, place) || (event.key === "*" && openSiblings(props));
    if (
      isDone ||
      (event.key.length === 1 && !singleKeysAreOn() && typeAhead(props, event, typed.current))
    ) {
      event.preventDefault();
    }
  };
}

function move(props: TreeGridProps, key: string, place: number): boolean {
  const { visible, select, model, selected } = props;
  const last = visible.rows.length - 1;
  const go = (to: number, step: 1 | -1) => {
    let at = Math.min(Math.max(0, to), last);
    if (visible.rows[at] === ORPHANS) at = Math.min(Math.max(0, at + step), last);
    const row = visible.rows[at];
    if (row !== undefined && row !== ORPHANS) select(row);
    return true;
  };
  switch (key) {
    case "ArrowDown":
      return go(place + 1, 1);
    case "ArrowUp":
      return go(place - 1, -1);
    case "PageDown":
      return go(place + PAGE, 1);
    case "PageUp":
      return go(place - PAGE, -1);
    case "Home":
      return go(0, 1);
    case "End":
      return go(last, -1);
    case "ArrowRight": {
      if ((model.descendants[selected] ?? 0) === 0) return true;
      if (props.closed.has(selected)) toggle(props, selected);
      else go(place + 1, 1);
      return true;
    }
    case "ArrowLeft": {
      const isOpen = (model.descendants[selected] ?? 0) > 0 && !props.closed.has(selected);
      const above = model.parent[selected] ?? -1;
      if (isOpen && props.passes === null) toggle(props, selected);
      else if (above >= 0) select(above);
      return true;
    }
    case "Enter":
      props.open();
      return true;
    default:
      return false;
  }
}

function openSiblings(props: TreeGridProps): boolean {
  const above = props.model.parent[props.selected] ?? -1;
  const next = new Set(props.closed);
  for (const row of props.closed) {
    if ((props.model.parent[row] ?? -1) === above) next.delete(row);
  }
  props.setClosed(next);
  return true;
}

/** Letters typed within a second of each other are the beginning of a name. */
function typeAhead(
  props: TreeGridProps,
  event: KeyboardEvent,
  typed: { text: string; at: number },
): boolean {
  const { visible, model } = props;
  const isNew = event.timeStamp - typed.at > 1_000;
  typed.text = (isNew ? "" : typed.text) + event.key.toLowerCase();
  typed.at = event.timeStamp;
  const place = visible.places[props.selected] ?? 0;
  const begins = model.names.map((name) => name.toLowerCase().startsWith(typed.text));
  const count = visible.rows.length;
  for (let step = typed.text.length > 1 ? 0 : 1; step <= count; step++) {
    const row = visible.rows[(place + step) % count] ?? ORPHANS;
    if (row !== ORPHANS && begins[model.name[row] ?? 0]) {
      props.select(row);
      return true;
    }
  }
  return false;
}
