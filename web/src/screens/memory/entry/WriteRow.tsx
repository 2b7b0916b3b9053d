/** One write of a key: who and when, the value, what became of it, who read it. */
import { Link } from "@tanstack/react-router";
import type { Write } from "@/api/memory";
import { counted } from "@/format";
import { LinkButton } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Instant } from "@/parts/Instant";
import { actorWords } from "@/screens/workflows/words/moves";
import page from "../pieces/Memory.module.css";
import { Readers } from "../pieces/Readers";
import { Who } from "../pieces/Who";
import { isFound, stateWords } from "../words/state";
import { wholeValue } from "../words/value";
import css from "./Entry.module.css";

export function WriteRow({ project, write }: { project: string; write: Write }) {
  const session = write.provenance.session_id;
  return (
    <li className={css.write} data-found={isFound(write) || undefined}>
      <div className={css.when}>
        <Instant at={write.written_at} fineness="second" />
        <span className={css.state}>{stateWords(write)}</span>
      </div>
      <div className={css.told}>
        <div className={css.head}>
          <Who project={project} of={write.provenance} />
          {session && (
            <LinkButton
              size="small"
              look="quiet"
              to="/p/$project/memory/revert"
              params={{ project }}
              search={{ session }}
              aria-label={`Revert what ${visibleText(session, 80)} wrote…`}
            >
              Revert what it wrote…
            </LinkButton>
          )}
        </div>
        {write.deleted ? (
          <p className={page.muted}>deleted the key</p>
        ) : write.swept ? (
          <p className={page.muted}>The value expired and was taken away for good.</p>
        ) : (
          <CodeBlock text={wholeValue(write.value)} label="value" max={2_000} />
        )}
        {write.expires_at !== null && !write.deleted && (
          <p className={page.muted}>
            {write.expired ? "expired " : "until "}
            <Instant at={write.expires_at} />
          </p>
        )}
        {write.hidings.map((hiding) => (
          <p key={`${hiding.revert_id} ${hiding.from_at}`}>
            <Link
              to="/p/$project/memory/reverts"
              params={{ project }}
              search={{ revert: hiding.revert_id }}
            >
              {hiding.until_at === null ? "Hidden by a revert" : "Was hidden by a revert"}
            </Link>{" "}
            of <HostileText text={actorWords(hiding.by)} inline max={120} />,{" "}
            <Instant at={hiding.from_at} />
            {hiding.until_at !== null && (
              <>
                {" "}
                to <Instant at={hiding.until_at} />
              </>
            )}
            {hiding.reason && (
              <>
                : <HostileText text={`“${hiding.reason}”`} max={600} />
              </>
            )}
          </p>
        ))}
        {write.read_by.length > 0 ? (
          <div>
            <p className={page.muted}>read by {counted(write.readers, "session")}</p>
            <Readers project={project} readings={write.read_by} total={write.readers} />
          </div>
        ) : (
          !write.deleted && <p className={page.muted}>no session read it</p>
        )}
      </div>
    </li>
  );
}
