/**
 * Amounts over time as columns from zero, in parts that add up. A column leads to its sessions;
 * one that tells only a part of what was is hatched.
 */

import type { LinkProps } from "@tanstack/react-router";
import { useNavigate } from "@tanstack/react-router";
import { scaleLinear } from "d3-scale";
import { useState } from "react";
import { useZone } from "@/app/time";
import { formatFigure, formatSpan, formatTicks, instantMs, type Unit } from "@/format";
import { Chart, useHatch, useWidth } from "@/parts/charts/Chart";
import css from "@/parts/charts/Chart.module.css";
import { timeTicks } from "@/parts/charts/timeTicks";
import styles from "./Columns.module.css";

export interface Column {
  since: string;
  until: string;
  /** In the order of `kinds`; null where nobody knows, which is not none. */
  parts: readonly (number | null)[];
  isPartial?: boolean;
  to: LinkProps;
}

interface Kind {
  id: string;
  word: string;
  color: string;
}

interface Props {
  label: string;
  unit: Unit;
  kinds: readonly Kind[];
  points: readonly Column[];
  /** What hatched columns lack. */
  partialWord?: string;
}

const HEIGHT = 160;
const LEFT = 48;
const BOTTOM = 20;
const TOP = 10;

export function Columns({ label, unit, kinds, points, partialWord }: Props) {
  const zone = useZone();
  const navigate = useNavigate();
  const [watch, width] = useWidth(360);
  const [at, setAt] = useState<number | null>(null);
  const hatch = useHatch("var(--bg)");
  const sums = points.map(sumOf);
  const y = scaleLinear(
    [0, Math.max(...sums.map((sum) => sum ?? 0), Number.MIN_VALUE)],
    [HEIGHT - BOTTOM, TOP],
  ).nice(3);
  const ticks = formatTicks(y.ticks(3), unit);
  const step = (width - LEFT - 4) / Math.max(1, points.length);
  const thick = Math.max(1, Math.min(28, step * 0.72));
  const starts = points.map((point) => instantMs(point.since) ?? 0);
  const times = timeTicks(starts, zone, Math.max(1, Math.floor((width - LEFT) / 96)));
  const span = (point: Column) => formatSpan(point.since, point.until, { zone });
  const table = {
    columns: ["Time", ...kinds.map((kind) => kind.word)],
    cells: points.map((point) => [point.since, ...point.parts]),
    rows: points.map((point) => [span(point), ...point.parts.map((part) => told(part, unit))]),
  };
  const pointed = at === null ? undefined : points[at];
  const last = points.length - 1;
  return (
    <Chart
      label={label}
      table={table}
      onKey={(event) => {
        if (event.key === "ArrowRight") setAt(Math.min(last, (at ?? -1) + 1));
        else if (event.key === "ArrowLeft") setAt(Math.max(0, (at ?? points.length) - 1));
        else if (event.key === "Enter" && pointed) void navigate(pointed.to as never);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <div ref={watch} className={styles.around}>
        <svg
          className={css.svg}
          width={width}
          height={HEIGHT}
          aria-hidden="true"
          onPointerMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            const over = Math.floor((event.clientX - box.left - LEFT) / step);
            setAt(over >= 0 && over <= last ? over : null);
          }}
          onPointerLeave={() => setAt(null)}
          onClick={() => pointed && void navigate(pointed.to as never)}
        >
          {hatch.definition}
          {ticks.map((tick) => (
            <g key={tick.value} transform={`translate(0 ${y(tick.value)})`}>
              <line x1={LEFT} x2={width} className={styles.grid} />
              <text x={LEFT - 6} dy="0.32em" textAnchor="end" className={styles.tick}>
                {tick.label}
              </text>
            </g>
          ))}
          {points.map((point, index) => {
            const x = LEFT + index * step + (step - thick) / 2;
            let top = 0;
            return (
              <g key={point.since} opacity={at === null || at === index ? 1 : 0.55}>
                {point.parts.map((part, which) => {
                  const kind = kinds[which];
                  if (!kind || part === null || part <= 0) return null;
                  const from = top;
                  top += part;
                  return (
                    <rect
                      key={kind.id}
                      x={x}
                      width={thick}
                      y={y(top)}
                      height={Math.max(1, y(from) - y(top))}
                      fill={`var(${kind.color})`}
                    />
                  );
                })}
                {point.isPartial && top > 0 && (
                  <rect x={x} width={thick} y={y(top)} height={y(0) - y(top)} fill={hatch.fill} />
                )}
              </g>
            );
          })}
          <line x1={LEFT} x2={width} y1={y(0)} y2={y(0)} className={styles.zero} />
          {times.map((tick) => (
            <text
              key={tick.value}
              x={LEFT + starts.indexOf(tick.value) * step}
              y={HEIGHT - 5}
              className={styles.tick}
            >
              {tick.label}
            </text>
          ))}
        </svg>
        <p className={styles.told} aria-live="polite">
          {pointed && at !== null ? (
            <>
              {span(pointed)}: {told(sums[at] ?? null, unit)}
              {kinds.length > 1 &&
                ` · ${kinds
                  .map((kind, which) => [kind.word, pointed.parts[which] ?? 0] as const)
                  .filter(([, part]) => part > 0)
                  .map(([word, part]) => `${formatFigure(part, unit)} ${word}`)
                  .join(", ")}`}
              {pointed.isPartial && partialWord && ` · ${partialWord}`}
            </>
          ) : (
            kinds.length > 1 && (
              <span className={styles.legend}>
                {kinds
                  .filter((_, which) => points.some((point) => (point.parts[which] ?? 0) > 0))
                  .toReversed()
                  .map((kind) => (
                    <span key={kind.id}>
                      <i style={{ background: `var(${kind.color})` }} /> {kind.word}
                    </span>
                  ))}
              </span>
            )
          )}
        </p>
      </div>
    </Chart>
  );
}

/** null where no part is known. */
function sumOf({ parts }: Column): number | null {
  const known = parts.filter((part) => part !== null);
  return known.length > 0 ? known.reduce((sum, part) => sum + part, 0) : null;
}

function told(figure: number | null, unit: Unit): string {
  return figure === null ? "unknown" : formatFigure(figure, unit);
}
