/** Who wrote something: the session, with its agent and version; or the person who did it here. */
import type { Provenance } from "@/api/memory";
import { HostileText } from "@/parts/HostileText";
import { SessionId } from "@/parts/SessionId";
import { Version } from "@/parts/Version";
import { actorWords } from "@/screens/workflows/words/moves";
import css from "./Memory.module.css";

type Writer = Pick<Provenance, "session_id" | "workflow" | "version" | "by"> &
  Partial<Pick<Provenance, "agent" | "user">>;

export function Who({ project, of }: { project: string; of: Writer }) {
  if (!of.session_id) {
    return <HostileText text={`${actorWords(of.by)}, by hand`} inline max={120} />;
  }
  return (
    <span className={css.who}>
      <SessionId id={of.session_id} project={project} />
      <span className={css.line}>
        {of.agent && <HostileText text={of.agent} inline max={60} />}
        {of.workflow && (
          <>
            {of.agent && " · "}
            <Version
              project={project}
              workflow={of.workflow}
              version={of.version === null ? null : String(of.version)}
            />
          </>
        )}
        {of.user && (
          <>
            {(of.agent || of.workflow) && " · "}
            for <HostileText text={of.user} inline max={60} />
          </>
        )}
      </span>
    </span>
  );
}
