// biome-ignore-all lint/a11y/useSemanticElements: a table element can hold neither rows of a virtual list nor levels.
/** One row of the span tree, and how it is said aloud. */
import { ChevronDown, ChevronRight } from "lucide-react";
import { memo } from "react";
import { exactCount, formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { KindMark } from "@/parts/KindMark";
import type { Model } from "../model";
import { beganMs, kindOf, took } from "../spanWords";
import { rowId } from "./TreeGrid";
import css from "./View.module.css";
import type { Siblings } from "./visible";

/** Deeper levels are told by a number: a tree of 10,000 levels has no room for as many indents. */
const DEEPEST = 24;
const INDENT = 14;

interface RowProps {
  readonly model: Model;
  readonly row: number;
  readonly at: number;
  readonly top: number;
  readonly siblings: Siblings;
  /** 0 no error here or below, 1 recovered ones, 2 others. */
  readonly path: number;
  readonly isOpen: boolean;
  /** Shown only because of what is below it. */
  readonly isAside: boolean;
  readonly isSelected: boolean;
  readonly onSelect: (row: number) => void;
  readonly onToggle: () => void;
  readonly onOpen: () => void;
}

export const TreeRow = memo(function TreeRow(props: RowProps) {
  const { model, row, siblings } = props;
  const level = model.level[row] ?? 0;
  const hasChildren = (model.descendants[row] ?? 0) > 0;
  const failed = model.error[row] === 1;
  const recovered = failed && (model.episode[row] ?? 0) > 0;
  const step = model.step[row] ?? 0;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid that has the focus takes the keys.
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus, as aria-activedescendant wants it.
    <div
      id={rowId(row)}
      role="row"
      aria-level={level + 1}
      aria-setsize={siblings.size[row]}
      aria-posinset={siblings.place[row]}
      aria-rowindex={props.at + 2}
      aria-selected={props.isSelected}
      aria-expanded={hasChildren ? props.isOpen : undefined}
      className={css.row}
      data-path={props.path || undefined}
      data-aside={props.isAside || undefined}
      style={{ transform: `translateY(${props.top}px)` }}
      onClick={() => props.onSelect(row)}
      onDoubleClick={props.onOpen}
    >
      <span
        role="gridcell"
        tabIndex={-1}
        className={css.name}
        style={{ paddingLeft: Math.min(level, DEEPEST) * INDENT }}
      >
        {hasChildren ? (
          <button
            type="button"
            tabIndex={-1}
            className={css.fold}
            aria-label={props.isOpen ? "Fold" : "Unfold"}
            onClick={(event) => {
              event.stopPropagation();
              props.onToggle();
            }}
          >
            {props.isOpen ? (
              <ChevronDown size={14} aria-hidden />
            ) : (
              <ChevronRight size={14} aria-hidden />
            )}
          </button>
        ) : (
          <span className={css.leaf} aria-hidden />
        )}
        {level > DEEPEST && <span className={css.level}>level {exactCount(level + 1)}</span>}
        <KindMark kind={kindOf(model, row)} text="" />
        <span
          className={css.text}
          data-failed={failed ? (recovered ? "recovered" : "failed") : undefined}
        >
          <HostileText text={model.names[model.name[row] ?? 0] ?? ""} inline />
        </span>
        {failed && (
          <span className={recovered ? css.recovered : css.failed}>
            {recovered ? "✓ recovered" : "✕ failed"}
          </span>
        )}
        {(model.retry[row] ?? 0) > 1 && (
          <span className={css.level}>attempt {model.retry[row]}</span>
        )}
        {hasChildren && !props.isOpen && (
          <span className={css.level}>{formatCount(model.descendants[row] ?? 0)} below</span>
        )}
      </span>
      <span role="gridcell" tabIndex={-1} className={`${css.cell} ${css.wideOnly}`}>
        <HostileText text={model.agents[model.agent[row] ?? 0] ?? ""} inline />
      </span>
      <span role="gridcell" tabIndex={-1} className={`${css.number} ${css.wideOnly}`}>
        <Instant at={beganMs(model, row)} look="clock" fineness="millisecond" />
      </span>
      <span role="gridcell" tabIndex={-1} className={css.number}>
        {took(model, row)}
      </span>
      <span role="gridcell" tabIndex={-1} className={css.number}>
        {step > 0 ? exactCount(step) : ""}
      </span>
    </div>
  );
});
