/**
 * Parts that add up to a total, named right under the bar. What is missing to the total is shown
 * as what it is: unknown.
 */
import type { LinkProps } from "@tanstack/react-router";
import { Link } from "@tanstack/react-router";
import { formatFigure, formatShare, numeric, type Unit } from "@/format";
import { HostileText } from "../HostileText";
import { visibleText } from "../hostile";
import { Chart, type ChartChoice } from "./Chart";
import css from "./StackedBar.module.css";

export interface StackedPart {
  readonly id: string;
  readonly label: string;
  readonly value: number | string | null;
  /** A custom property: `--success`. Else a step of the one scale. */
  readonly color?: string;
  readonly to?: LinkProps;
}

export interface StackedBarProps extends ChartChoice {
  readonly label: string;
  /** What the parts are: "Outcome". */
  readonly of: string;
  readonly parts: readonly StackedPart[];
  readonly unit: Unit;
  /** What the parts have to add up to; their sum without one. */
  readonly total?: number | string | null;
  readonly showsLegend?: boolean;
}

const SCALE = ["--scale-5", "--scale-3", "--scale-6", "--scale-4", "--scale-2"];

export function StackedBar({
  label,
  of,
  parts,
  unit,
  total,
  showsLegend = true,
  ...choice
}: StackedBarProps) {
  const known = parts.map((part) => numeric(part.value) ?? 0);
  const sum = known.reduce((whole, value) => whole + value, 0);
  const whole = Math.max(numeric(total) ?? sum, sum);
  // Sums of floats differ by a breath from the total that the server added up exactly.
  const missing = whole - sum > whole * 1e-9 ? whole - sum : 0;
  const share = (value: number) => (whole > 0 ? value / whole : 0);
  const shown = parts.map((part, index) => ({
    part,
    value: known[index] ?? 0,
    color: `var(${part.color ?? SCALE[index % SCALE.length]})`,
    text: part.value === null ? "unknown" : formatFigure(part.value, unit),
    share: formatShare(share(known[index] ?? 0)),
  }));
  const table = {
    columns: [of, unit === "USD" ? "USD" : "Amount", "Share"],
    cells: [
      ...parts.map((part, index) => [part.label, part.value, share(known[index] ?? 0)]),
      ...(missing > 0 ? [["unknown", missing, share(missing)]] : []),
    ],
    rows: [
      ...shown.map((one) => [
        visibleText(one.part.label),
        one.text,
        `${one.share} of ${formatFigure(whole, unit)}`,
      ]),
      ...(missing > 0
        ? [
            [
              "unknown",
              formatFigure(missing, unit),
              `${formatShare(share(missing))} of ${formatFigure(whole, unit)}`,
            ],
          ]
        : []),
    ],
  };
  return (
    <Chart label={label} table={table} {...choice}>
      <div className={css.bar} aria-hidden="true">
        {shown.map((one) =>
          one.value > 0 ? (
            <span
              key={one.part.id}
              className={css.part}
              style={{ flexGrow: one.value, background: one.color }}
              title={`${visibleText(one.part.label)}: ${one.text}`}
            />
          ) : null,
        )}
        {missing > 0 && (
          <span className={css.missing} style={{ flexGrow: missing }} title="unknown" />
        )}
      </div>
      {showsLegend && (
        <ul className={css.legend}>
          {shown.map((one) => (
            <li key={one.part.id}>
              <i style={{ background: one.color }} aria-hidden="true" />
              {one.part.to ? (
                <Link {...one.part.to}>
                  <HostileText text={one.part.label} inline />
                </Link>
              ) : (
                <HostileText text={one.part.label} inline />
              )}{" "}
              <b>{one.text}</b>
            </li>
          ))}
          {missing > 0 && (
            <li>
              <i className={css.unknown} aria-hidden="true" />
              unknown <b>{formatFigure(missing, unit)}</b>
            </li>
          )}
        </ul>
      )}
    </Chart>
  );
}
