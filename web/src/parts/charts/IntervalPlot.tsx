/**
 * Dot and whisker for several rates on one scale: which are surely apart, and which only look so.
 *
 * Few data (< 20) have a hollow dot and a dashed whisker. One row becomes a sentence.
 */
import { Link, type LinkProps } from "@tanstack/react-router";
import { scaleLinear } from "d3-scale";
import {
  type Estimate,
  estimateCells,
  FEW,
  formatEstimate,
  formatTicks,
  numeric,
  type Unit,
} from "@/format";
import { HostileText } from "../HostileText";
import { visibleText } from "../hostile";
import { Chart, type ChartChoice, useWidth } from "./Chart";
import css from "./Chart.module.css";
import own from "./IntervalPlot.module.css";

export interface IntervalRow {
  readonly id: string;
  readonly label: string;
  readonly estimate: Estimate;
  /** The sessions behind it. */
  readonly to?: LinkProps;
  /** A baseline: muted beside the candidate. */
  readonly isBaseline?: boolean;
}

export interface IntervalPlotProps extends ChartChoice {
  readonly label: string;
  readonly rows: readonly IntervalRow[];
  readonly unit: Unit;
  /** What the rows are: "Version". */
  readonly of: string;
  /** Rates stand on 0 to 1; others from 0 to the highest bound. */
  readonly domain?: readonly [number, number];
}

const ROW = 26;

export function IntervalPlot({ label, rows, unit, of, domain, ...choice }: IntervalPlotProps) {
  const [watch, width] = useWidth(320);
  const scale = scaleLinear(domain ?? domainOf(rows, unit), [6, width - 6]).clamp(true);
  const ticks = formatTicks(scale.ticks(Math.max(2, Math.floor(width / 80))), unit);
  const texts = rows.map((row) => formatEstimate(row.estimate, unit));
  const table = {
    columns: [of, "Value", "Low", "High", "n"],
    cells: rows.map((row) => [row.label, ...estimateCells(row.estimate)]),
    rows: rows.map((row, index) => [
      visibleText(row.label),
      texts[index]?.value,
      ...boundsOf(row.estimate, unit),
      row.estimate.n,
    ]),
  };
  const only = rows.length === 1 ? rows[0] : undefined;
  return (
    <Chart label={label} table={table} {...choice}>
      {only ? (
        <p className={css.sentence}>
          <HostileText text={only.label} inline />: {texts[0]?.whole}
        </p>
      ) : (
        <div className={own.plot}>
          {rows.map((row, index) => (
            <div key={row.id} className={own.row}>
              <span className={own.name}>
                {row.to ? (
                  <Link {...row.to}>
                    <HostileText text={row.label} inline />
                  </Link>
                ) : (
                  <HostileText text={row.label} inline />
                )}
              </span>
              <svg
                ref={index === 0 ? watch : undefined}
                className={`${css.svg} ${own.track}`}
                height={ROW}
                aria-hidden="true"
              >
                {ticks.map((tick) => (
                  <line
                    key={tick.value}
                    className={css.grid}
                    x1={scale(tick.value)}
                    x2={scale(tick.value)}
                    y1={0}
                    y2={ROW}
                  />
                ))}
                <Whisker row={row} scale={scale} />
              </svg>
              <span className={own.figure}>
                <b>{texts[index]?.value}</b> {texts[index]?.interval}{" "}
                {texts[index]?.value.startsWith("0 of") ? "" : texts[index]?.n}
              </span>
            </div>
          ))}
          <svg className={`${css.svg} ${own.axis}`} height={16} aria-hidden="true">
            {ticks.map((tick) => (
              <text
                key={tick.value}
                className={css.tick}
                x={scale(tick.value)}
                y={12}
                textAnchor="middle"
              >
                {tick.label}
              </text>
            ))}
          </svg>
        </div>
      )}
    </Chart>
  );
}

function Whisker({ row, scale }: { row: IntervalRow; scale: (value: number) => number }) {
  const value = numeric(row.estimate.value);
  if (value === null) return null;
  const isFew = row.estimate.n !== null && row.estimate.n < FEW;
  const color = row.isBaseline ? "var(--muted)" : "var(--primary)";
  const middle = ROW / 2;
  const interval = row.estimate.interval;
  return (
    <g stroke={color} strokeWidth={1.5}>
      {interval && (
        <>
          <line
            x1={scale(interval.low)}
            x2={scale(interval.high)}
            y1={middle}
            y2={middle}
            strokeDasharray={isFew ? "3 3" : undefined}
          />
          {[interval.low, interval.high].map((bound, at) => (
            <line
              key={at === 0 ? "low" : "high"}
              x1={scale(bound)}
              x2={scale(bound)}
              y1={middle - 4}
              y2={middle + 4}
            />
          ))}
        </>
      )}
      <circle cx={scale(value)} cy={middle} r={4} fill={isFew ? "var(--bg)" : color} />
    </g>
  );
}

function domainOf(rows: readonly IntervalRow[], unit: Unit): [number, number] {
  if (unit === "rate" || unit === "0 to 1") return [0, 1];
  const highest = Math.max(
    ...rows.map((row) => row.estimate.interval?.high ?? numeric(row.estimate.value) ?? 0),
  );
  return [0, highest > 0 ? highest : 1];
}

function boundsOf(estimate: Estimate, unit: Unit): [string, string] {
  if (!estimate.interval) return ["", ""];
  const text = (value: number) => formatTicks([value], unit)[0]?.label ?? "";
  return [text(estimate.interval.low), text(estimate.interval.high)];
}
