/** A point in time in the chosen zone; hovering tells UTC, the zone and how long ago. */
import { useZone } from "@/app/time";
import {
  type At,
  explainInstant,
  type Fineness,
  formatAgo,
  formatInstant,
  formatTime,
  instantText,
} from "@/format";
import css from "./Figures.module.css";

export interface InstantProps {
  readonly at: At;
  readonly fineness?: Fineness;
  /** `clock`: without the day; `ago`: "12 min ago". */
  readonly look?: "date" | "clock" | "ago";
}

export function Instant({ at, fineness = "minute", look = "date" }: InstantProps) {
  const zone = useZone();
  const now = Date.now();
  const shown =
    look === "ago"
      ? formatAgo(at, now)
      : look === "clock"
        ? formatTime(at, { zone, fineness })
        : formatInstant(at, { zone, fineness, now });
  const plain = at instanceof Date ? at.toISOString() : instantText(at);
  return (
    <time className={css.figure} dateTime={plain} title={explainInstant(at, { zone, now })}>
      {shown}
    </time>
  );
}
