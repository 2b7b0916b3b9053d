/** What is not closed at this moment, and whether it takes longer than usual. */
import { Link } from "@tanstack/react-router";
import type { OverviewAnswer } from "@/api/overview";
import { formatCount, formatDuration } from "@/format";
import { Section } from "@/parts/Section";
import { sessionsBehind } from "./behind";
import styles from "./Overview.module.css";

export function RunningNow({
  running,
  project,
}: {
  running: OverviewAnswer["running"];
  project: string;
}) {
  const { open, waiting, longest_s, longest_session_id, usual_s } = running;
  if (open.sessions + waiting.sessions === 0) {
    return <p className={styles.muted}>No session runs now.</p>;
  }
  return (
    <Section title="Running now">
      <p>
        <Link {...sessionsBehind(open, project)}>{formatCount(open.sessions)} running</Link> ·{" "}
        <Link {...sessionsBehind(waiting, project)}>
          {formatCount(waiting.sessions)} waiting for a person
        </Link>
        {longest_s !== null && longest_session_id && (
          <>
            {" "}
            · longest{" "}
            <Link
              to="/p/$project/sessions/$session"
              params={{ project, session: longest_session_id }}
            >
              {formatDuration({ s: longest_s })}
            </Link>
          </>
        )}
        {usual_s !== null && (
          <span className={styles.muted}> (usual: {formatDuration({ s: usual_s })})</span>
        )}
      </p>
    </Section>
  );
}
