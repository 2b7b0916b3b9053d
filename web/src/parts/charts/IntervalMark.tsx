/**
 * One rate with its interval, as small as a cell of a table: the same scale in every row of it.
 *
 * The text beside it says the same; few data (< 20) are hollow and dashed.
 */
import { type Estimate, FEW, numeric } from "@/format";
import css from "./IntervalMark.module.css";

const WIDTH = 96;
const HEIGHT = 16;
const EDGE = 5;

export function IntervalMark({ estimate, quiet = false }: { estimate: Estimate; quiet?: boolean }) {
  const value = numeric(estimate.value);
  if (value === null) return null;
  const x = (share: number) => EDGE + Math.min(1, Math.max(0, share)) * (WIDTH - 2 * EDGE);
  const isFew = estimate.n !== null && estimate.n < FEW;
  const middle = HEIGHT / 2;
  return (
    <svg
      className={css.mark}
      data-quiet={quiet || undefined}
      width={WIDTH}
      height={HEIGHT}
      aria-hidden="true"
    >
      <line className={css.scale} x1={x(0)} x2={x(1)} y1={middle} y2={middle} />
      {estimate.interval && (
        <line
          x1={x(estimate.interval.low)}
          x2={x(estimate.interval.high)}
          y1={middle}
          y2={middle}
          strokeDasharray={isFew ? "3 2" : undefined}
        />
      )}
      <circle cx={x(value)} cy={middle} r={3.5} data-few={isFew || undefined} />
    </svg>
  );
}
