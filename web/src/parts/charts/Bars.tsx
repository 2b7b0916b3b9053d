/**
 * Amounts side by side, from zero. A rate has its whisker; few data (< 20) are hatched.
 */
import { Link, type LinkProps } from "@tanstack/react-router";
import { type Estimate, estimateCells, FEW, formatEstimate, numeric, type Unit } from "@/format";
import { HostileText } from "../HostileText";
import { visibleText } from "../hostile";
import css from "./Bars.module.css";
import { Chart, type ChartChoice, useHatch } from "./Chart";
import chart from "./Chart.module.css";

export interface BarRow {
  readonly id: string;
  readonly label: string;
  /** A plain number or decimal text where it is a count or a sum. */
  readonly value: Estimate | number | string | null;
  readonly to?: LinkProps;
  /** A custom property: `--kind-tool`. Else the primary color. */
  readonly color?: string;
  /** Right of the figure, muted: "12 calls". */
  readonly aside?: string;
}

export interface BarsProps extends ChartChoice {
  readonly label: string;
  /** What the rows are: "Model". */
  readonly of: string;
  readonly rows: readonly BarRow[];
  readonly unit: Unit;
  /** What a full bar is; the highest value without one. */
  readonly full?: number;
}

export function Bars({ label, of, rows, unit, full, ...choice }: BarsProps) {
  const estimates = rows.map((row) => estimateOf(row.value));
  const texts = estimates.map((estimate) => formatEstimate(estimate, unit));
  const most =
    full ??
    Math.max(
      ...estimates.map((one) => Math.max(numeric(one.value) ?? 0, one.interval?.high ?? 0)),
      Number.MIN_VALUE,
    );
  const hatch = useHatch("var(--muted)");
  const table = {
    columns: [of, "Value", "Interval", "n"],
    cells: rows.map((row, index) => [row.label, ...cellsOf(estimates[index] ?? NOTHING)]),
    rows: rows.map((row, index) => [
      visibleText(row.label),
      texts[index]?.value,
      texts[index]?.interval,
      estimates[index]?.n ?? "",
    ]),
  };
  return (
    <Chart label={label} table={table} {...choice}>
      <div className={css.bars}>
        {rows.map((row, index) => (
          <div key={row.id} className={css.row}>
            <span className={css.name}>
              {row.to ? (
                <Link {...row.to}>
                  <HostileText text={row.label} inline />
                </Link>
              ) : (
                <HostileText text={row.label} inline />
              )}
            </span>
            <svg className={`${chart.svg} ${css.track}`} height={14} aria-hidden="true">
              {index === 0 && hatch.definition}
              <Bar
                estimate={estimates[index] ?? NOTHING}
                most={most}
                color={`var(${row.color ?? "--primary"})`}
                hatch={hatch.fill}
              />
            </svg>
            <span className={css.figure}>
              {texts[index]?.value} <small>{detailOf(texts[index])}</small>
              {row.aside && <small> {row.aside}</small>}
            </span>
          </div>
        ))}
      </div>
    </Chart>
  );
}

const NOTHING: Estimate = { value: null, n: null, interval: null };

function Bar({
  estimate,
  most,
  color,
  hatch,
}: {
  estimate: Estimate;
  most: number;
  color: string;
  hatch: string;
}) {
  const value = numeric(estimate.value);
  if (value === null) return null;
  const share = (part: number) => `${Math.min(100, Math.max(0, (part / most) * 100))}%`;
  const isFew = estimate.n !== null && estimate.n < FEW && estimate.interval !== null;
  return (
    <>
      <line x1="0" x2="0" y1="0" y2="14" className={chart.axis} />
      <rect
        x="0"
        y="2"
        width={share(value)}
        height="10"
        fill={isFew ? hatch : color}
        fillOpacity={estimate.interval && !isFew ? 0.4 : 1}
        stroke={isFew ? "var(--muted)" : "none"}
      />
      {estimate.interval && (
        <>
          <line
            x1={share(estimate.interval.low)}
            x2={share(estimate.interval.high)}
            y1="7"
            y2="7"
            stroke={color}
            strokeWidth="1.5"
          />
          <circle
            cx={share(value)}
            cy="7"
            r="3.5"
            fill={isFew ? "var(--bg)" : color}
            stroke={color}
          />
        </>
      )}
    </>
  );
}

function cellsOf(estimate: Estimate) {
  const [value, low, high, n] = estimateCells(estimate);
  return [value, estimate.interval ? `${low}..${high}` : "", n];
}

function estimateOf(value: BarRow["value"]): Estimate {
  return value !== null && typeof value === "object" ? value : { value, n: null, interval: null };
}

function detailOf(text: { interval: string; n: string; value: string } | undefined): string {
  if (!text) return "";
  return [text.interval, text.value.startsWith("0 of") ? "" : text.n].filter(Boolean).join(" ");
}
