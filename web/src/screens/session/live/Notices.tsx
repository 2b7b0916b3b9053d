/**
 * What one must know before reading: a person is waited for, or parts of the session are missing.
 */
import { Hand } from "lucide-react";
import type { SessionRecord } from "@/api/session";
import { counted, formatAgo } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { useSelector, useSession } from "../model";
import { missingText } from "./missing";
import css from "./Notices.module.css";

export function Notices({ record }: { record: SessionRecord }) {
  const missing = missingText(record);
  const waiting = record.interventions.filter((act) => act.pending);
  if (!missing && waiting.length === 0) return null;
  return (
    <div className={css.notices}>
      {waiting.length > 0 && <Waiting acts={waiting} />}
      {missing && <p className={css.missing}>{missing}</p>}
    </div>
  );
}

function Waiting({ acts }: { acts: SessionRecord["interventions"] }) {
  const store = useSession();
  const step = useSelector((state) => {
    const act = state.model?.acts.find((one) => one.pending);
    return act ? (state.model?.stepAt[act.row] ?? 0) : 0;
  });
  const [act] = acts;
  if (!act) return null;
  return (
    <p className={css.waiting}>
      <Hand size={15} strokeWidth={1.75} aria-hidden />
      <span className={css.words}>
        {act.agent ? <HostileText text={act.agent} inline max={60} /> : "The agent"} waits for a
        person since {formatAgo(act.at, Date.now()).replace(" ago", "")}
        {act.tool && (
          <>
            , before <HostileText text={act.tool} inline mono max={80} />
          </>
        )}
        {act.question && (
          <>
            : <HostileText text={act.question} inline max={300} />
          </>
        )}
        {acts.length > 1 && ` · ${counted(acts.length - 1, "more request")}`}
      </span>
      {step > 0 && (
        <button type="button" className={css.go} onClick={() => store.select(step)}>
          Go there
        </button>
      )}
    </p>
  );
}
