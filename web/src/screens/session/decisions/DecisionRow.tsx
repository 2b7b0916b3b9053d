/** One decision on one line. */
import { ChevronDown, ChevronRight } from "lucide-react";
import { formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { KindMark, kindWord } from "@/parts/KindMark";
import { Money } from "@/parts/Money";
import { OutcomeBadge } from "@/parts/OutcomeBadge";
import { StatusBadge } from "@/parts/StatusBadge";
import type { Row } from "./rows";
import css from "./View.module.css";
import { iconKind, leadWord, leftText, roundsText, statusOf } from "./words";

export const ROW = 30; // px

interface Props {
  row: Row;
  top: number;
  isSelected: boolean;
  onSelect: () => void;
  onTurn: () => void;
}

export function DecisionRow({ row, top, isSelected, onSelect, onTurn }: Props) {
  const { node, chosen, level } = row;
  const last = chosen ?? node;
  const status = statusOf(last);
  const left = leftText(last);
  const rounds = roundsText(node);
  const steps = node.steps ?? chosen?.steps ?? [];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: steps are walked by the keys of the session.
    <div
      role="treeitem"
      id={`decision-${row.id}`}
      tabIndex={-1}
      className={css.row}
      style={{ top, height: ROW, paddingInlineStart: 8 + (level - 1) * 22 }}
      aria-level={level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={isSelected}
      aria-expanded={row.hasChildren ? row.isOpen : undefined}
      data-left={last.left || undefined}
      data-kind={node.kind}
      onClick={({ target }) =>
        target instanceof Element && target.closest("[data-turns]") ? onTurn() : onSelect()
      }
    >
      {Array.from({ length: level - 1 }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are all alike.
        <i key={at} className={css.guide} style={{ insetInlineStart: 16 + at * 22 }} aria-hidden />
      ))}
      <span className={css.turn} data-turns="" aria-hidden>
        {row.hasChildren && (row.isOpen ? <ChevronDown size={14} /> : <ChevronRight size={14} />)}
      </span>
      {node.kind === "end" ? (
        <>
          <span className={css.muted}>ended</span> <OutcomeBadge label={node.label} size="small" />
        </>
      ) : (
        <>
          <KindMark kind={iconKind(node)} text="" />
          {leadWord(node) && <span className={css.muted}>{leadWord(node)}</span>}
          <span className={chosen ? css.chooser : css.label}>
            <HostileText text={node.label} inline max={200} />
          </span>
        </>
      )}
      {chosen && (
        <>
          <span className={css.muted}>chose</span>
          <KindMark kind={iconKind(chosen)} text="" />
          {leadWord(chosen) && <span className={css.muted}>{leadWord(chosen)}</span>}
          <span className={css.label}>
            <HostileText text={chosen.label} inline max={200} />
          </span>
        </>
      )}
      {node.verdict && (
        <span className={css.verdict}>
          {kindWord("human")} <HostileText text={node.verdict} inline max={40} />
        </span>
      )}
      {rounds && <span className={css.muted}>{rounds}</span>}
      {status && <StatusBadge status={status} />}
      {left && <span className={css.muted}>{left}</span>}
      <span className={css.cost}>
        {node.total_usd !== undefined && node.kind !== "end" && (
          <Money usd={node.total_usd} short />
        )}
      </span>
      <span className={css.step}>
        {steps.length > 1
          ? `${formatCount(steps[0] ?? 0)}–${formatCount(steps.at(-1) ?? 0)}`
          : steps[0] !== undefined && formatCount(steps[0])}
      </span>
    </div>
  );
}
