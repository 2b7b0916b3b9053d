/** A comparison with its verdict: arrow, change, interval, word. Never red or green. */
import { type Difference, formatDifference, type Unit } from "@/format";
import css from "./DifferenceView.module.css";

export interface DifferenceViewProps {
  readonly difference: Difference;
  readonly unit: Unit;
  readonly look?: "line" | "stacked";
}

export function DifferenceView({ difference, unit, look = "line" }: DifferenceViewProps) {
  const shown = formatDifference(difference, unit);
  return (
    <span className={`${css.difference} ${css[look]}`} data-verdict={difference.verdict}>
      <span className={css.change}>
        {shown.arrow && (
          <span aria-hidden className={css.arrow}>
            {shown.arrow}{" "}
          </span>
        )}
        {shown.change} {shown.interval && <span className={css.interval}>{shown.interval}</span>}
      </span>{" "}
      <span className={css.verdict}>{shown.verdict}</span>
    </span>
  );
}
