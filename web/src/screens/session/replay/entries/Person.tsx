/** What a person did: who, after how long, what was asked and answered, what they changed. */
import { Hand } from "lucide-react";
import type { TranscriptEntry } from "@/api/session";
import { formatDuration } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { actText } from "./acts";
import css from "./Entries.module.css";
import { Fields } from "./Fields";

export function Person({ entry }: { entry: TranscriptEntry }) {
  return entry.act ? <Act act={entry.act} step={entry.step} /> : null;
}

type PersonsAct = NonNullable<TranscriptEntry["act"]>;

export function Act({ act, step }: { act: PersonsAct; step: number }) {
  return (
    <div className={css.person}>
      <p className={css.speaker}>
        <Hand size={14} strokeWidth={1.75} aria-hidden />
        <HostileText text={act.by || "A person"} inline max={80} />
        <span className={css.muted}>
          {actText(act)}
          {act.tool && ` ${visibleText(act.tool, 60)}`}
          {act.waited_s ? `, after ${formatDuration({ s: act.waited_s })}` : ""}
        </span>
      </p>
      {act.question && (
        <p className={css.asked}>
          <span className={css.muted}>asked: </span>
          <HostileText text={act.question} max={2000} />
        </p>
      )}
      {act.wanted && act.wanted.length > 0 && act.changes.length === 0 && (
        <Fields fields={act.wanted} step={step} which="wanted" />
      )}
      {act.changes.map((change) => (
        <dl key={change.name} className={css.change}>
          <dt>
            <HostileText text={change.name} inline max={60} />
          </dt>
          {change.before && (
            <dd className={css.before}>
              <HostileText text={change.before.text} mono max={2000} />
            </dd>
          )}
          {change.after && (
            <dd className={css.after}>
              <HostileText text={change.after.text} mono max={2000} />
            </dd>
          )}
        </dl>
      ))}
      {act.answer && (
        <p>
          <HostileText text={act.answer} max={4000} />
        </p>
      )}
    </div>
  );
}
