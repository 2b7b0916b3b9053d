/**
 * How many there were in each bin, of time or of size, each bin's parts on one another.
 *
 * Dragging over bins chooses a range, where the screen takes one; the arrows with Shift do the
 * same by keyboard.
 */
import { scaleLinear } from "d3-scale";
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { exactCount, formatCount, formatTicks } from "@/format";
import { Chart, type ChartChoice, useWidth } from "./Chart";
import css from "./Chart.module.css";
import series from "./TimeSeries.module.css";

export interface HistogramPart {
  readonly id: string;
  readonly label: string;
  /** A custom property: `--success`. */
  readonly color: string;
}

export interface HistogramBin {
  readonly id: string;
  /** What stands under it where there is room: "10:00", "$1 – $2". */
  readonly label: string;
  /** For each part as in `parts`; one number where there are none. */
  readonly counts: readonly number[];
}

export interface HistogramProps extends ChartChoice {
  readonly label: string;
  /** What the bins are: "Started". */
  readonly of: string;
  readonly bins: readonly HistogramBin[];
  readonly parts?: readonly HistogramPart[];
  readonly height?: number;
  /** With the first and the last bin chosen. */
  readonly onRange?: (first: HistogramBin, last: HistogramBin) => void;
  /** Without an axis: a strip above a list. */
  readonly isSmall?: boolean;
}

const ONE: readonly HistogramPart[] = [{ id: "all", label: "Count", color: "--primary" }];

export function Histogram({
  label,
  of,
  bins,
  parts = ONE,
  height = 120,
  onRange,
  isSmall = false,
  ...choice
}: HistogramProps) {
  const [watch, width] = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const [from, setFrom] = useState<number | null>(null);
  const margin = isSmall
    ? { top: 2, right: 0, bottom: 2, left: 0 }
    : { top: 8, right: 4, bottom: 20, left: 40 };
  const totals = bins.map((bin) => bin.counts.reduce((sum, count) => sum + count, 0));
  const y = scaleLinear([0, Math.max(1, ...totals)], [height - margin.bottom, margin.top]);
  if (!isSmall) y.nice(3);
  const step = (width - margin.left - margin.right) / Math.max(1, bins.length);
  const left = (index: number) => margin.left + index * step;

  const binAt = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const index = Math.floor((event.clientX - box.left - margin.left) / step);
    return Math.min(bins.length - 1, Math.max(0, index));
  };
  const finish = (last: number | null) => {
    const first = from;
    setFrom(null);
    if (first === null || last === null || !onRange) return;
    const [low, high] = [bins[Math.min(first, last)], bins[Math.max(first, last)]];
    if (low && high) onRange(low, high);
  };
  const keys = (event: KeyboardEvent) => {
    const move = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (move !== 0) {
      event.preventDefault();
      const next = Math.min(
        bins.length - 1,
        Math.max(0, (at ?? (move > 0 ? -1 : bins.length)) + move),
      );
      if (event.shiftKey && from === null) setFrom(at ?? next);
      if (!event.shiftKey) setFrom(null);
      setAt(next);
    } else if (event.key === "Enter" && at !== null && event.target === event.currentTarget) {
      event.preventDefault();
      if (from === null) setFrom(at);
      const [first, last] = [from ?? at, at];
      const [low, high] = [bins[Math.min(first, last)], bins[Math.max(first, last)]];
      setFrom(null);
      if (low && high) onRange?.(low, high);
    } else if (event.key === "Escape" && (from !== null || at !== null)) {
      event.preventDefault();
      setFrom(null);
      setAt(null);
    }
  };

  const table = {
    columns: [of, ...parts.map((part) => part.label)],
    cells: bins.map((bin) => [bin.label, ...bin.counts]),
    rows: bins.map((bin) => [bin.label, ...bin.counts.map((count) => exactCount(count))]),
  };
  const shown = at === null ? undefined : bins[at];
  return (
    <Chart label={label} table={table} onKey={keys} {...choice}>
      {!isSmall && (
        <p className={series.readout} aria-live="polite">
          {shown ? (
            <Told bin={shown} parts={parts} />
          ) : (
            parts.length > 1 && parts.map((part) => <Key key={part.id} part={part} />)
          )}
        </p>
      )}
      <svg
        ref={watch}
        className={css.svg}
        height={height}
        aria-hidden="true"
        style={{
          touchAction: onRange ? "none" : undefined,
          cursor: onRange ? "crosshair" : undefined,
        }}
        onPointerMove={(event) => setAt(binAt(event))}
        onPointerLeave={() => {
          setAt(null);
          setFrom(null);
        }}
        onPointerDown={(event) => {
          if (onRange) setFrom(binAt(event));
        }}
        onPointerUp={(event) => finish(binAt(event))}
      >
        {!isSmall &&
          formatTicks(y.ticks(3).filter(Number.isInteger), "count").map((tick) => (
            <g key={tick.value}>
              <line
                className={tick.value === 0 ? css.axis : css.grid}
                x1={margin.left}
                x2={width - margin.right}
                y1={y(tick.value)}
                y2={y(tick.value)}
              />
              <text
                className={css.tick}
                x={margin.left - 6}
                y={y(tick.value)}
                dy="0.32em"
                textAnchor="end"
              >
                {tick.label}
              </text>
            </g>
          ))}
        {from !== null && at !== null && (
          <rect
            x={left(Math.min(from, at))}
            width={(Math.abs(at - from) + 1) * step}
            y={0}
            height={height - margin.bottom}
            fill="var(--scale-2)"
            opacity={0.6}
          />
        )}
        {parts.map((part, index) => (
          <path key={part.id} fill={`var(${part.color})`} d={barsOf(bins, index, left, step, y)} />
        ))}
        {shown && at !== null && (
          <rect
            x={left(at)}
            width={step}
            y={margin.top}
            height={height - margin.bottom - margin.top}
            fill="var(--text)"
            opacity={0.06}
          />
        )}
        {!isSmall && <BinLabels bins={bins} left={left} width={width} y={height - 4} />}
        {isSmall && shown && <title>{tellOf(shown, parts)}</title>}
      </svg>
      {isSmall && (
        <span className={series.readout} aria-live="polite">
          {shown ? tellOf(shown, parts) : "\u00a0"}
        </span>
      )}
    </Chart>
  );
}

/** One path for each part: 300 bins of six parts are six elements and not 1,800. */
function barsOf(
  bins: readonly HistogramBin[],
  part: number,
  left: (index: number) => number,
  step: number,
  y: (value: number) => number,
): string {
  const gap = step > 4 ? 1 : 0;
  let path = "";
  for (const [index, bin] of bins.entries()) {
    const count = bin.counts[part] ?? 0;
    if (count <= 0) continue;
    const below = bin.counts.slice(0, part).reduce((sum, one) => sum + one, 0);
    const top = y(below + count);
    // A bin that is not empty is seen, however high the highest is.
    const height = Math.max(1, y(below) - top);
    const x = left(index).toFixed(2);
    path += `M${x},${top.toFixed(2)}h${Math.max(0.5, step - gap).toFixed(2)}v${height.toFixed(2)}h-${Math.max(0.5, step - gap).toFixed(2)}z`;
  }
  return path;
}

function BinLabels({
  bins,
  left,
  width,
  y,
}: {
  bins: readonly HistogramBin[];
  left: (index: number) => number;
  width: number;
  y: number;
}) {
  const every = Math.max(1, Math.ceil(bins.length / Math.max(1, Math.floor(width / 100))));
  return bins.map((bin, index) =>
    index % every === 0 ? (
      <text key={bin.id} className={css.tick} x={left(index)} y={y}>
        {bin.label}
      </text>
    ) : null,
  );
}

function Key({ part }: { part: HistogramPart }) {
  return (
    <span className={series.entry}>
      <i className={series.key} style={{ background: `var(${part.color})` }} aria-hidden />
      {part.label}
    </span>
  );
}

function Told({ bin, parts }: { bin: HistogramBin; parts: readonly HistogramPart[] }) {
  return (
    <>
      <span>{bin.label}</span>
      {parts.map((part, index) => (
        <span key={part.id} className={series.entry}>
          {parts.length > 1 && <Key part={part} />} {formatCount(bin.counts[index] ?? 0)}
        </span>
      ))}
    </>
  );
}

function tellOf(bin: HistogramBin, parts: readonly HistogramPart[]): string {
  const told = parts
    .map((part, index) => ({ part, count: bin.counts[index] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ part, count }) =>
      parts.length > 1 ? `${formatCount(count)} ${part.label}` : formatCount(count),
    );
  return `${bin.label}: ${told.join(" · ") || "none"}`;
}
