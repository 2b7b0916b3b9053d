/** The sessions that read something, each with how it ended. */
import type { Reading } from "@/api/memory";
import { counted } from "@/format";
import { Instant } from "@/parts/Instant";
import { OutcomeBadge } from "@/parts/OutcomeBadge";
import { SessionId } from "@/parts/SessionId";
import css from "./Memory.module.css";

interface Props {
  project: string;
  readings: readonly Reading[];
  /** Of all sessions, also those that are not listed. */
  total?: number;
}

export function Readers({ project, readings, total = readings.length }: Props) {
  return (
    <ul className={css.readers}>
      {readings.map((one) => (
        <li key={one.session_id}>
          <SessionId id={one.session_id} project={project} />
          <Ended outcome={one.outcome} />
          <span className={css.muted}>
            {one.reads > 1 && `${counted(one.reads, "time")}, first `}
            <Instant at={one.first_at} />
          </span>
        </li>
      ))}
      {total > readings.length && (
        <li className={css.muted}>and {counted(total - readings.length, "session")} more</li>
      )}
    </ul>
  );
}

export function Ended({ outcome }: { outcome: string }) {
  return outcome ? (
    <OutcomeBadge label={outcome} size="small" />
  ) : (
    <span className={css.muted}>not stored</span>
  );
}
