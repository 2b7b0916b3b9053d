/** One node of the picture: what was decided, how many came here, how it ended from here. */
import { memo } from "react";
import type { TaskNode } from "@/api/tasks";
import { formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { kindColor } from "@/parts/KindMark";
import type { Placed } from "./model/layout";
import { figureOf, loopOf, nameOf, saidOf, shadeOf } from "./model/looks";
import css from "./Picture.module.css";

interface Props {
  node: TaskNode;
  at: Placed;
  isSelected: boolean;
  /** The one tab stop of the tree. */
  isStop: boolean;
  onSelect: (id: string) => void;
  onTurn: (id: string) => void;
}

export const NodeBox = memo(function NodeBox(props: Props) {
  const { node, at, isSelected, isStop, onSelect, onTurn } = props;
  const loop = loopOf(node);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the tree are bound by the picture.
    <div
      role="treeitem"
      id={`way-${node.id}`}
      className={css.box}
      style={{ left: at.x, top: at.y, width: at.width }}
      tabIndex={isStop ? 0 : -1}
      aria-level={at.depth + 1}
      aria-posinset={at.position}
      aria-setsize={at.siblings}
      aria-selected={isSelected}
      aria-expanded={at.canOpen ? at.isOpen : undefined}
      aria-label={saidOf(node)}
      data-shade={shadeOf(node)}
      data-kind={node.kind}
      onClick={({ target }) =>
        target instanceof HTMLElement && target.dataset.opens === ""
          ? onTurn(node.id)
          : onSelect(node.id)
      }
      onDoubleClick={() => onTurn(node.id)}
    >
      <span className={css.line}>
        <svg className={css.icon} aria-hidden style={{ color: `var(${kindColor(node.kind)})` }}>
          <use href={`#way-${iconOf(node.kind)}`} />
        </svg>
        <HostileText text={nameOf(node)} inline max={120} />
        {loop && <span className={css.loop}>{loop}</span>}
        <span className={css.count}>{formatCount(node.sessions)}</span>
      </span>
      <span
        className={css.figure}
        {...(node.compare ? {} : { "data-estimate": "", "data-unit": "rate" })}
      >
        {figureOf(node)}
      </span>
      {at.canOpen && !at.isOpen && (
        <span className={css.more} data-opens="">
          {formatCount(node.children)}
        </span>
      )}
    </div>
  );
});

export const ICONS = [
  "start",
  "tool",
  "parallel",
  "handoff",
  "human",
  "answer",
  "agent",
  "model",
  "retrieval",
  "guardrail",
  "memory",
  "step",
  "others",
] as const;

function iconOf(kind: string): string {
  return (ICONS as readonly string[]).includes(kind) ? kind : "step";
}
