/**
 * A figure over time, with its interval as a band. Gaps are gaps: nothing is drawn where nothing
 * was. Points of few data are hollow. One point becomes a sentence.
 */

import type { LinkProps } from "@tanstack/react-router";
import { useNavigate } from "@tanstack/react-router";
import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { useZone } from "@/app/time";
import {
  type Estimate,
  estimateCells,
  FEW,
  formatEstimate,
  formatInstant,
  formatSpan,
  instantMs,
  instantText,
  numeric,
  type Unit,
} from "@/format";
import { MARGIN, Mark, TimeAxis, type TimeMark, ValueAxis } from "./axes";
import { Chart, type ChartChoice, useHatch, useWidth } from "./Chart";

export type { TimeMark } from "./axes";

import css from "./Chart.module.css";
import own from "./TimeSeries.module.css";

export interface SeriesPoint {
  /** RFC 3339, or digits of ns: the bucket is [since, until). */
  readonly since: string;
  readonly until: string;
  readonly estimate: Estimate;
  /** The sessions of this bucket. */
  readonly to?: LinkProps;
}

export interface Series {
  readonly id: string;
  readonly label: string;
  readonly points: readonly SeriesPoint[];
  /** A baseline: muted. */
  readonly isBaseline?: boolean;
}

export interface TimeSeriesProps extends ChartChoice {
  readonly label: string;
  /** At most five: more become small multiples. */
  readonly series: readonly Series[];
  readonly unit: Unit;
  readonly height?: number;
  readonly marks?: readonly TimeMark[];
  readonly domain?: readonly [number, number];
}

const COLORS = ["--primary", "--kind-model", "--kind-tool", "--kind-memory", "--kind-human"];

export function TimeSeries({
  label,
  series,
  unit,
  height = 160,
  marks = [],
  domain,
  ...choice
}: TimeSeriesProps) {
  const zone = useZone();
  const [watch, width] = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const navigate = useNavigate();
  const first = series[0]?.points ?? [];
  const known = series.flatMap((one) =>
    one.points.filter((point) => numeric(point.estimate.value) !== null),
  );
  const only = known.length === 1 ? known[0] : undefined;
  const x = scaleLinear(timeDomain(first), [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear(domain ?? valueDomain(series, unit), [height - MARGIN.bottom, MARGIN.top]);
  if (!domain && unit !== "rate") y.nice(3);
  const middle = (point: SeriesPoint) => x(middleMs(point));
  const shownAt = at === null ? undefined : first[at];

  const move = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(nearest(first, x.invert(event.clientX - box.left)));
  };
  const open = () => {
    if (shownAt?.to) void navigate(shownAt.to as Parameters<typeof navigate>[0]);
  };
  const keys = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt(Math.min(first.length - 1, Math.max(0, (at ?? (step > 0 ? -1 : first.length)) + step)));
    } else if (event.key === "Enter" && shownAt?.to && event.target === event.currentTarget) {
      event.preventDefault();
      open();
    }
  };

  return (
    <Chart label={label} table={tableOf(series, unit, zone)} onKey={keys} {...choice}>
      {known.length === 0 && (
        <p className={`${css.sentence} ${css.muted}`}>Nothing is known of this time.</p>
      )}
      {only && (
        <p className={css.sentence}>
          {formatSpan(only.since, only.until, { zone })}:{" "}
          {formatEstimate(only.estimate, unit).whole}
        </p>
      )}
      {known.length > 1 && (
        <>
          <p className={own.readout} aria-live="polite">
            {shownAt ? (
              <Readout point={shownAt} series={series} unit={unit} zone={zone} index={at ?? 0} />
            ) : (
              series.length > 1 && <Legend series={series} />
            )}
          </p>
          <svg
            ref={watch}
            className={css.svg}
            height={height}
            aria-hidden="true"
            data-opens={shownAt?.to ? "" : undefined}
            onPointerMove={move}
            onPointerLeave={() => setAt(null)}
            onClick={open}
          >
            <ValueAxis scale={y} unit={unit} width={width} height={height} />
            <TimeAxis points={first} x={x} zone={zone} width={width} height={height} />
            {marks.map((mark) => (
              <Mark key={mark.at + mark.text} mark={mark} x={x} height={height} />
            ))}
            {shownAt && (
              <line
                className={css.axis}
                x1={middle(shownAt)}
                x2={middle(shownAt)}
                y1={MARGIN.top}
                y2={height - MARGIN.bottom}
              />
            )}
            {series.map((one, index) => (
              <Curve key={one.id} one={one} color={colorOf(one, index)} x={middle} y={y} />
            ))}
          </svg>
        </>
      )}
    </Chart>
  );
}

function Curve({
  one,
  color,
  x,
  y,
}: {
  one: Series;
  color: string;
  x: (point: SeriesPoint) => number;
  y: (value: number) => number;
}) {
  const hatch = useHatch(color);
  const value = (point: SeriesPoint) => numeric(point.estimate.value);
  const isFew = (point: SeriesPoint) => point.estimate.n !== null && point.estimate.n < FEW;
  const band =
    area<SeriesPoint>()
      .defined((point) => value(point) !== null && point.estimate.interval !== null)
      .x(x)
      .y0((point) => y(point.estimate.interval?.low ?? 0))
      .y1((point) => y(point.estimate.interval?.high ?? 0))([...one.points]) ?? "";
  const apart = Math.abs(
    (one.points[1] ? x(one.points[1]) : 0) - (one.points[0] ? x(one.points[0]) : 0),
  );
  const path =
    line<SeriesPoint>()
      .defined((point) => value(point) !== null)
      .x(x)
      .y((point) => y(value(point) ?? 0))([...one.points]) ?? "";
  const isSparse = one.points.length <= 60;
  return (
    <g>
      {hatch.definition}
      <path d={band} fill={color} opacity={0.13} />
      {one.points.map((point) =>
        value(point) !== null && isFew(point) && point.estimate.interval ? (
          <rect
            key={point.since}
            x={x(point) - Math.min(12, apart) / 2}
            y={y(point.estimate.interval.high)}
            width={Math.min(12, apart)}
            height={Math.max(0, y(point.estimate.interval.low) - y(point.estimate.interval.high))}
            fill={hatch.fill}
            opacity={0.5}
          />
        ) : null,
      )}
      <path d={path} fill="none" stroke={color} strokeWidth={1.75} strokeLinejoin="round" />
      {one.points.map((point, index) => {
        const own = value(point);
        if (own === null || !(isSparse || isAlone(one.points, index))) return null;
        return (
          <circle
            key={point.since}
            cx={x(point)}
            cy={y(own)}
            r={2.5}
            fill={isFew(point) ? "var(--bg)" : color}
            stroke={color}
            strokeWidth={1.25}
          />
        );
      })}
    </g>
  );
}

function Readout({
  point,
  series,
  unit,
  zone,
  index,
}: {
  point: SeriesPoint;
  series: readonly Series[];
  unit: Unit;
  zone: string;
  index: number;
}) {
  return (
    <>
      <span>{formatSpan(point.since, point.until, { zone })}</span>
      {series.map((one, at) => {
        const there = one.points[index];
        if (!there) return null;
        return (
          <span key={one.id} className={own.entry}>
            {series.length > 1 && (
              <i className={own.key} style={{ background: colorOf(one, at) }} aria-hidden />
            )}
            {series.length > 1 && `${one.label} `}
            {formatEstimate(there.estimate, unit).whole}
          </span>
        );
      })}
    </>
  );
}

function Legend({ series }: { series: readonly Series[] }) {
  return series.map((one, index) => (
    <span key={one.id} className={own.entry}>
      <i className={own.key} style={{ background: colorOf(one, index) }} aria-hidden />
      {one.label}
    </span>
  ));
}

function colorOf(one: Series, index: number): string {
  return one.isBaseline ? "var(--muted)" : `var(${COLORS[index % COLORS.length]})`;
}

function middleMs(point: SeriesPoint): number {
  const since = instantMs(point.since) ?? 0;
  return (since + (instantMs(point.until) ?? since)) / 2;
}

function timeDomain(points: readonly SeriesPoint[]): [number, number] {
  const since = instantMs(points[0]?.since) ?? 0;
  return [since, Math.max(since + 1, instantMs(points.at(-1)?.until) ?? 0)];
}

function valueDomain(series: readonly Series[], unit: Unit): [number, number] {
  if (unit === "rate" || unit === "0 to 1") return [0, 1];
  const bounds = series.flatMap((one) =>
    one.points.flatMap((point) => [
      numeric(point.estimate.value) ?? 0,
      point.estimate.interval?.high ?? 0,
      point.estimate.interval?.low ?? 0,
    ]),
  );
  const high = Math.max(0, ...bounds);
  return [Math.min(0, ...bounds), high > 0 ? high : 1];
}

function nearest(points: readonly SeriesPoint[], ms: number): number | null {
  let found: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, point] of points.entries()) {
    const apart = Math.abs(middleMs(point) - ms);
    if (apart < least) {
      least = apart;
      found = index;
    }
  }
  return found;
}

function isAlone(points: readonly SeriesPoint[], index: number): boolean {
  const has = (point: SeriesPoint | undefined) =>
    point !== undefined && numeric(point.estimate.value) !== null;
  return !has(points[index - 1]) && !has(points[index + 1]);
}

function tableOf(series: readonly Series[], unit: Unit, zone: string) {
  const isMany = series.length > 1;
  const rows = series.flatMap((one) => one.points.map((point) => ({ one, point })));
  return {
    columns: [`From (${zone})`, ...(isMany ? ["Series"] : []), "Value", "Interval", "n"],
    cells: rows.map(({ one, point }) => [
      instantText(point.since),
      ...(isMany ? [one.label] : []),
      ...estimateCells(point.estimate).slice(0, 1),
      point.estimate.interval
        ? `${point.estimate.interval.low}..${point.estimate.interval.high}`
        : "",
      point.estimate.n,
    ]),
    rows: rows.map(({ one, point }) => {
      const text = formatEstimate(point.estimate, unit);
      return [
        formatInstant(point.since, { zone }),
        ...(isMany ? [one.label] : []),
        text.value,
        text.interval,
        point.estimate.n ?? "",
      ];
    }),
  };
}
