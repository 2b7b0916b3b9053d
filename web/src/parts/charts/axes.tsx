/** Lines and labels that charts over time share, and what is marked on their time axis. */
import { formatTicks, instantMs, type Unit } from "@/format";
import css from "./Chart.module.css";
import { timeTicks } from "./timeTicks";

/** Around the marks, in px: room for the labels of both axes. */
export const MARGIN = { top: 10, right: 12, bottom: 20, left: 48 };

export interface TimeMark {
  readonly at: string;
  /** "v14", "price of claude-4 changed". */
  readonly text: string;
}

export function ValueAxis({
  scale,
  unit,
  width,
  height,
}: {
  scale: { ticks: (count: number) => number[] } & ((value: number) => number);
  unit: Unit;
  width: number;
  height: number;
}) {
  const ticks = formatTicks(scale.ticks(height < 120 ? 2 : 4), unit);
  return ticks.map((tick) => (
    <g key={tick.value}>
      <line
        className={tick.value === 0 ? css.axis : css.grid}
        x1={MARGIN.left}
        x2={width - MARGIN.right}
        y1={scale(tick.value)}
        y2={scale(tick.value)}
      />
      <text
        className={css.tick}
        x={MARGIN.left - 6}
        y={scale(tick.value)}
        dy="0.32em"
        textAnchor="end"
      >
        {tick.label}
      </text>
    </g>
  ));
}

export function TimeAxis({
  points,
  x,
  zone,
  width,
  height,
}: {
  points: readonly { readonly since: string; readonly until: string }[];
  x: (ms: number) => number;
  zone: string;
  width: number;
  height: number;
}) {
  const starts = points.map((point) => instantMs(point.since) ?? 0);
  const ticks = timeTicks(starts, zone, Math.max(2, Math.floor(width / 110)));
  return ticks.map((tick) => (
    <g key={tick.value}>
      <line
        className={css.axis}
        x1={x(tick.value)}
        x2={x(tick.value)}
        y1={height - MARGIN.bottom}
        y2={height - MARGIN.bottom + 4}
      />
      <text className={css.tick} x={x(tick.value)} y={height - 4} textAnchor="start">
        {tick.label}
      </text>
    </g>
  ));
}

export function Mark({
  mark,
  x,
  height,
}: {
  mark: TimeMark;
  x: (ms: number) => number;
  height: number;
}) {
  const ms = instantMs(mark.at);
  if (ms === null) return null;
  return (
    <g>
      <line
        x1={x(ms)}
        x2={x(ms)}
        y1={MARGIN.top}
        y2={height - MARGIN.bottom}
        stroke="var(--line-control)"
        strokeDasharray="2 3"
      />
      <text className={css.tick} x={x(ms) + 4} y={MARGIN.top + 8}>
        {mark.text}
      </text>
    </g>
  );
}
