/**
 * A figure with what makes it sure: value, interval, of how many. The only way to show a rate.
 *
 * With `to` it leads to its rows. Its definition is one key away (`d`, while it has the focus).
 */
import { Link, type LinkProps } from "@tanstack/react-router";
import { type Estimate, explainEstimate, formatEstimate, type Unit } from "@/format";
import { DefinitionNote } from "./DefinitionNote";
import css from "./EstimateView.module.css";

export interface EstimateViewProps {
  readonly estimate: Estimate;
  readonly unit: Unit;
  /** What is divided by what; shown by `d` and by the mark beside the figure. */
  readonly definition?: string;
  /** The sessions behind it. */
  readonly to?: LinkProps | undefined;
  /** Sessions without a known outcome, said where the rate can't be told. */
  readonly unknown?: number;
  /** `line`: all in one; `stacked`: interval and n under the value; `large`: for a headline. */
  readonly look?: "line" | "stacked" | "large";
  /** What the figure is, for the link's name: "Task completion". */
  readonly label?: string;
}

export function EstimateView({
  estimate,
  unit,
  definition,
  to,
  unknown,
  look = "line",
  label,
}: EstimateViewProps) {
  const shown = formatEstimate(estimate, unit, unknown === undefined ? {} : { unknown });
  const isNone = shown.value.startsWith("0 of");
  const detail = [shown.interval, isNone ? "" : shown.n].filter(Boolean).join(" ");
  const explained = explainEstimate(estimate, unit);
  const words = (
    <>
      <span className={css.value}>{shown.value}</span>
      {detail && " "}
      {detail && <span className={css.detail}>{detail}</span>}
    </>
  );
  const about = {
    className: `${css.estimate} ${css[look]} ${shown.few ? css.few : ""}`,
    "data-estimate": "",
    "data-unit": unit,
    title: explained || undefined,
  };
  return (
    <DefinitionNote definition={definition} name={label ?? ""}>
      {to ? (
        <Link {...to} {...about} aria-label={label ? `${label}: ${shown.whole}` : undefined}>
          {words}
        </Link>
      ) : (
        <span {...about}>{words}</span>
      )}
    </DefinitionNote>
  );
}
