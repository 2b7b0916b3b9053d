/** How long something took. Give exactly one of `ns`, `ms`, `s`. */
import { formatDuration, formatWithWaiting, type Length, seconds } from "@/format";
import css from "./Figures.module.css";

export interface DurationProps {
  readonly ns?: number | bigint | string | null | undefined;
  readonly ms?: number | null | undefined;
  readonly s?: number | null | undefined;
  /** Of it, waiting for people, in seconds. */
  readonly waitedS?: number | null | undefined;
}

export function Duration({ ns, ms, s, waitedS }: DurationProps) {
  const length: Length = ns !== undefined ? { ns } : ms !== undefined ? { ms } : { s };
  const isUnknown = seconds(length) === null;
  return (
    <span className={`${css.figure} ${isUnknown ? css.muted : ""}`}>
      {waitedS ? formatWithWaiting(length, { s: waitedS }) : formatDuration(length)}
    </span>
  );
}
