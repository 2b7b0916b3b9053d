/**
 * A difference as it was known over time, with its band, and the limit that it must not pass.
 *
 * The band is for looking at any time: that it was looked at often makes it no less true. Nothing is
 * drawn where nothing was known. One point becomes a sentence.
 */
import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { useZone } from "@/app/time";
import {
  type Difference,
  formatChangeTicks,
  formatCount,
  formatDifference,
  formatInstant,
  instantMs,
  instantText,
  type Unit,
} from "@/format";
import { MARGIN } from "./axes";
import { Chart, type ChartChoice, useWidth } from "./Chart";
import css from "./Chart.module.css";
import own from "./DifferenceOverTime.module.css";
import { timeTicks } from "./timeTicks";

export interface DifferencePoint {
  readonly at: string;
  readonly difference: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Of how many on each side it was known. */
  readonly n: readonly [number, number];
}

export interface DifferenceOverTimeProps extends ChartChoice {
  readonly label: string;
  readonly points: readonly DifferencePoint[];
  readonly unit: Unit;
  /** Drawn dotted; null: there is none. */
  readonly limit: number | null;
  /** Names of the two sides: the candidate minus the stable one. */
  readonly sides: readonly [string, string];
  readonly height?: number;
}

export function DifferenceOverTime({
  label,
  points,
  unit,
  limit,
  sides,
  height = 200,
  ...choice
}: DifferenceOverTimeProps) {
  const zone = useZone();
  const [watch, width] = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const known = points.filter((point) => point.difference !== null);
  const x = scaleLinear(timeDomain(known), [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear(domainOf(known, limit), [height - MARGIN.bottom, MARGIN.top])
    .nice(4)
    .clamp(true);
  const place = (point: DifferencePoint) => x(instantMs(point.at) ?? 0);
  const shown = at === null ? known.at(-1) : known[at];

  const move = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(nearest(known, x.invert(event.clientX - box.left)));
  };
  const keys = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    setAt(Math.min(known.length - 1, Math.max(0, (at ?? known.length) + step)));
  };
  const told = (point: DifferencePoint) =>
    `${formatInstant(point.at, { zone })}: ${words(point, unit)}, of ${formatCount(point.n[0])} and ${formatCount(point.n[1])}`;

  return (
    <Chart
      label={label}
      {...(shown ? { summary: told(shown) } : {})}
      table={tableOf(known, unit, zone, sides)}
      onKey={keys}
      {...choice}
    >
      {known.length === 0 && (
        <p className={`${css.sentence} ${css.muted}`}>
          Nothing is known yet: no session of both versions has an outcome.
        </p>
      )}
      {known.length === 1 && shown && <p className={css.sentence}>{told(shown)}</p>}
      {known.length > 1 && (
        <>
          <p className={own.readout} aria-live="polite">
            {shown && told(shown)}
          </p>
          <svg
            ref={watch}
            className={css.svg}
            height={height}
            aria-hidden="true"
            onPointerMove={move}
            onPointerLeave={() => setAt(null)}
          >
            {formatChangeTicks(y.ticks(4), unit).map((tick) => (
              <g key={tick.value}>
                <line
                  className={tick.value === 0 ? css.axis : css.grid}
                  x1={MARGIN.left}
                  x2={width - MARGIN.right}
                  y1={y(tick.value)}
                  y2={y(tick.value)}
                />
                <text
                  className={css.tick}
                  x={MARGIN.left - 6}
                  y={y(tick.value)}
                  dy="0.32em"
                  textAnchor="end"
                >
                  {tick.label}
                </text>
              </g>
            ))}
            {timeTicks(
              known.map((point) => instantMs(point.at) ?? 0),
              zone,
              Math.max(2, Math.floor(width / 130)),
            ).map((tick) => (
              <text key={tick.value} className={css.tick} x={x(tick.value)} y={height - 4}>
                {tick.label}
              </text>
            ))}
            <path
              className={own.band}
              d={
                area<DifferencePoint>()
                  .defined((point) => point.low !== null && point.high !== null)
                  .x(place)
                  .y0((point) => y(point.low ?? 0))
                  .y1((point) => y(point.high ?? 0))(known) ?? ""
              }
            />
            <path
              className={own.line}
              d={
                line<DifferencePoint>()
                  .x(place)
                  .y((point) => y(point.difference ?? 0))(known) ?? ""
              }
            />
            {limit !== null && (
              <g>
                <line
                  className={own.limit}
                  x1={MARGIN.left}
                  x2={width - MARGIN.right}
                  y1={y(limit)}
                  y2={y(limit)}
                />
                <text className={own.word} x={MARGIN.left + 4} y={y(limit) + 12}>
                  limit {formatChangeTicks([limit], unit)[0]?.label}
                </text>
              </g>
            )}
            {shown && (
              <circle className={own.dot} cx={place(shown)} cy={y(shown.difference ?? 0)} r={3.5} />
            )}
          </svg>
        </>
      )}
    </Chart>
  );
}

function words(point: DifferencePoint, unit: Unit): string {
  const difference: Difference = {
    value: point.difference,
    low: point.low,
    high: point.high,
    verdict: "not_enough_data",
  };
  const shown = formatDifference(difference, unit);
  return [shown.change, shown.interval].filter(Boolean).join(" ");
}

function timeDomain(points: readonly DifferencePoint[]): [number, number] {
  const first = instantMs(points[0]?.at) ?? 0;
  return [first, Math.max(first + 1, instantMs(points.at(-1)?.at) ?? 0)];
}

/** At its beginning a band is as wide as can be: what counts is from where it can be read. */
function domainOf(points: readonly DifferencePoint[], limit: number | null): [number, number] {
  const late = points.slice(Math.floor(points.length / 4));
  const bounds = late.flatMap((point) => [point.low ?? 0, point.high ?? 0, point.difference ?? 0]);
  const low = Math.min(0, limit ?? 0, ...bounds);
  const high = Math.max(0, limit ?? 0, ...bounds);
  return high > low ? [low, high] : [-0.1, 0.1];
}

function nearest(points: readonly DifferencePoint[], ms: number): number | null {
  let found: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, point] of points.entries()) {
    const apart = Math.abs((instantMs(point.at) ?? 0) - ms);
    if (apart < least) {
      least = apart;
      found = index;
    }
  }
  return found;
}

function tableOf(
  points: readonly DifferencePoint[],
  unit: Unit,
  zone: string,
  sides: readonly [string, string],
) {
  return {
    columns: [`At (${zone})`, "Difference", "Band", ...sides.map((side) => `n ${side}`)],
    cells: points.map((point) => [
      instantText(point.at),
      point.difference,
      point.low === null || point.high === null ? "" : `${point.low}..${point.high}`,
      ...point.n,
    ]),
    rows: points.map((point) => {
      const [change = "", ...band] = words(point, unit).split(" [");
      return [
        formatInstant(point.at, { zone, fineness: "second" }),
        change,
        band.length > 0 ? `[${band[0]}` : "",
        ...point.n.map((count) => formatCount(count)),
      ];
    }),
  };
}
