/** How it ended, or how far it is; who says so, and why. */
import type { SessionRecord } from "@/api/session";
import { HostileText } from "@/parts/HostileText";
import { OutcomeBadge } from "@/parts/OutcomeBadge";
import { StatusBadge } from "@/parts/StatusBadge";
import css from "./Header.module.css";
import { sourceText } from "./words";

export function Outcome({ record }: { record: SessionRecord }) {
  const { outcome, status } = record;
  const isOpen = status !== "closed";
  return (
    <p className={css.outcome}>
      <OutcomeBadge label={outcome.label} />
      {isOpen && (
        <span className={css.open}>
          <StatusBadge status={status} /> · may still change
        </span>
      )}
      <span className={css.source}>{sourceText(outcome)}</span>
      {outcome.reason && (
        <span className={css.reason}>
          <HostileText text={outcome.reason} inline max={300} />
        </span>
      )}
    </p>
  );
}
