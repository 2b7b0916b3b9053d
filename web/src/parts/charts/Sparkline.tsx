/**
 * A figure's way over time in the width of a word. Gaps are gaps; the last point is marked.
 *
 * A list holds hundreds, so none is a tab stop: its name tells first, last, lowest and highest,
 * and `asTable` shows all of it where a screen has room for that.
 */
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { type Estimate, formatEstimate, numeric, type Unit } from "@/format";
import css from "./Sparkline.module.css";

export interface SparkPoint {
  /** "12 Apr". */
  readonly label: string;
  readonly estimate: Estimate;
}

export interface SparklineProps {
  /** What is shown: "Completion by day". */
  readonly label: string;
  readonly points: readonly SparkPoint[];
  readonly unit: Unit;
  readonly width?: number;
  readonly height?: number;
  readonly asTable?: boolean;
}

export function Sparkline({
  label,
  points,
  unit,
  width = 80,
  height = 20,
  asTable = false,
}: SparklineProps) {
  if (asTable) return <Table label={label} points={points} unit={unit} />;
  const values = points.map((point) => numeric(point.estimate.value));
  const known = values.filter((value) => value !== null);
  const name = `${label}: ${tell(points, unit)}`;
  if (known.length < 2) {
    return (
      <span className={css.none} role="img" aria-label={name} title={name}>
        {known.length === 0 ? "—" : "·"}
      </span>
    );
  }
  const x = scaleLinear([0, Math.max(1, points.length - 1)], [2, width - 3]);
  const [low, high] = unit === "rate" ? [0, 1] : [Math.min(0, ...known), Math.max(...known)];
  const y = scaleLinear([low, high > low ? high : low + 1], [height - 3, 3]);
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_, index) => x(index))
    .y((value) => y(value ?? 0))(values);
  const last = values.findLastIndex((value) => value !== null);
  return (
    <svg className={css.spark} width={width} height={height} role="img" aria-label={name}>
      <title>{name}</title>
      <path d={path ?? ""} fill="none" stroke="var(--muted)" strokeWidth={1.25} />
      {values.map((value, index) =>
        value !== null && isAlone(values, index) ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a point is named by where it is.
          <circle key={index} cx={x(index)} cy={y(value)} r={1} fill="var(--muted)" />
        ) : null,
      )}
      <circle cx={x(last)} cy={y(values[last] ?? 0)} r={2} fill="var(--primary)" />
    </svg>
  );
}

function Table({
  label,
  points,
  unit,
}: {
  label: string;
  points: readonly SparkPoint[];
  unit: Unit;
}) {
  return (
    <table className={css.table}>
      <caption>{label}</caption>
      <tbody>
        {points.map((point) => (
          <tr key={point.label}>
            <th scope="row">{point.label}</th>
            <td>{formatEstimate(point.estimate, unit).whole}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function tell(points: readonly SparkPoint[], unit: Unit): string {
  const known = points.filter((point) => numeric(point.estimate.value) !== null);
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last) return "nothing known";
  const text = (point: SparkPoint) =>
    `${formatEstimate(point.estimate, unit).whole} (${point.label})`;
  if (known.length === 1) return text(first);
  const ordered = known.toSorted(
    (a, b) => (numeric(a.estimate.value) ?? 0) - (numeric(b.estimate.value) ?? 0),
  );
  const [lowest, highest] = [ordered[0] ?? first, ordered.at(-1) ?? last];
  return `from ${text(first)} to ${text(last)}, lowest ${text(lowest)}, highest ${text(highest)}`;
}

function isAlone(values: readonly (number | null)[], index: number): boolean {
  return (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;
}
