/** Waiting for the first span, and then: from what it came, and the session that it made. */
import { Link } from "@tanstack/react-router";
import type { components } from "@/api/schema";
import { formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import styles from "./Welcome.module.css";

type Intake = components["schemas"]["IntakeAnswer"];

export function Arrival({ project, intake }: { project: string; intake: Intake | undefined }) {
  const session = intake?.first_session;
  const from = intake?.libraries[0];
  return (
    <p className={styles.arrival} data-arrived={session ? "" : undefined} role="status">
      <span aria-hidden className={styles.dot} />
      {session ? (
        <span>
          The first session is here
          {from?.scope && (
            <>
              , sent by <HostileText text={from.scope} />
            </>
          )}
          : {formatCount(session.spans)} {session.spans === 1 ? "span" : "spans"} so far.{" "}
          <Link
            to="/p/$project/sessions/$session"
            params={{ project, session: session.session_id }}
          >
            Watch it
          </Link>
        </span>
      ) : intake?.arrived ? (
        <span>Spans arrived; their session is being put together.</span>
      ) : intake ? (
        <span>Waiting for the first span…</span>
      ) : (
        <span>Asking the server…</span>
      )}
    </p>
  );
}
