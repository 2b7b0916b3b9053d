/** One write of a session: before, after, what became of it, and the later sessions that read it. */
import { Link, useParams } from "@tanstack/react-router";
import type { SessionWrite } from "@/api/memory";
import { counted } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Place } from "@/screens/memory/pieces/Place";
import { Readers } from "@/screens/memory/pieces/Readers";
import { stateWords } from "@/screens/memory/words/state";
import { shortValue } from "@/screens/memory/words/value";
import css from "./View.module.css";

export function WriteRow({ project, write }: { project: string; write: SessionWrite }) {
  const { session = "" } = useParams({ strict: false });
  return (
    <li className={css.write}>
      <div className={css.when}>
        {write.span_id ? (
          <Link
            to="/p/$project/sessions/$session/$view"
            params={{ project, session, view: "tree" }}
            search={{ span: write.span_id }}
            title="The span that wrote it"
          >
            <Instant at={write.at} fineness="second" />
          </Link>
        ) : (
          <Instant at={write.at} fineness="second" />
        )}
        <span className={css.muted}>{stateWords(write)}</span>
        {write.agent && (
          <span className={css.muted}>
            <HostileText text={write.agent} inline max={80} />
          </span>
        )}
      </div>
      <div className={css.told}>
        <Place project={project} of={write.address} />
        <dl className={css.values}>
          <div>
            <dt>Before</dt>
            <dd>
              <Value value={write.before} isNothing={write.before === null} />
            </dd>
          </div>
          <div>
            <dt>After</dt>
            <dd>
              {write.deleted ? (
                <span className={css.muted}>deleted</span>
              ) : (
                <Value value={write.after} isNothing={false} />
              )}
            </dd>
          </div>
        </dl>
        {write.read_later_by.length > 0 ? (
          <div>
            <p className={css.muted}>
              read later by {counted(write.read_later_by.length, "session")}
            </p>
            <Readers project={project} readings={write.read_later_by} />
          </div>
        ) : (
          <p className={css.muted}>no later session read it</p>
        )}
      </div>
    </li>
  );
}

function Value({ value, isNothing }: { value: unknown; isNothing: boolean }) {
  if (isNothing) return <span className={css.muted}>nothing</span>;
  return <HostileText text={shortValue(value)} max={2_100} />;
}
