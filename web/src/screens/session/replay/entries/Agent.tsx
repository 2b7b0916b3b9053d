/** An agent begins, with its task, and ends, with its answer. A sub-agent can be closed. */
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronRight } from "lucide-react";
import { type TranscriptEntry, transcriptPage } from "@/api/session";
import { counted, formatDuration } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import { useModel } from "../../model";
import { unfold } from "../folds";
import { entriesByStep, pageOf } from "../pages";
import { usePlace } from "../place";
import { isSubAgent } from "../visible";
import { Bounded } from "./Bounded";
import css from "./Entries.module.css";

export function AgentBegins({ entry, isClosed }: { entry: TranscriptEntry; isClosed: boolean }) {
  const model = useModel();
  const { session } = usePlace();
  if (!isSubAgent(model, entry.step)) return <RootAgent entry={entry} />;
  const steps = (entry.ends_at_step ?? entry.step) - entry.step;
  const Icon = isClosed ? ChevronRight : ChevronDown;
  return (
    <div className={css.card} data-closed={isClosed}>
      <button
        type="button"
        className={css.head}
        aria-expanded={!isClosed}
        onClick={() => unfold(session, "agent", entry.step, isClosed)}
      >
        <Icon size={14} strokeWidth={1.75} aria-hidden />
        <KindMark
          kind="agent"
          text={<HostileText text={entry.name ?? "agent"} inline max={80} />}
        />
        <span className={css.aside}>
          {steps > 0 && counted(steps, "step")}
          {entry.duration_s !== null && ` · ${formatDuration({ s: entry.duration_s })}`}
        </span>
      </button>
      {entry.text && (
        <Bounded text={entry.text} step={entry.step} sort="message" which="task" lines={3} />
      )}
      {isClosed && <Answer entry={entry} />}
    </div>
  );
}

function RootAgent({ entry }: { entry: TranscriptEntry }) {
  return (
    <div className={css.speech} data-kind="asked">
      <p className={css.speaker}>
        <KindMark
          kind="agent"
          text={<HostileText text={entry.name ?? "agent"} inline max={80} />}
        />{" "}
        <span className={css.muted}>{entry.text ? "is asked" : "begins"}</span>
      </p>
      {entry.text && (
        <Bounded text={entry.text} step={entry.step} sort="message" which="task" lines={14} />
      )}
    </div>
  );
}

/** What a closed sub-agent came back with; it stands at its last step, maybe on another page. */
function Answer({ entry }: { entry: TranscriptEntry }) {
  const { project, session } = usePlace();
  const last = entry.ends_at_step ?? 0;
  const { data } = useQuery({
    ...transcriptPage(project, session, pageOf(Math.max(1, last))),
    enabled: last > 0,
  });
  const end = data
    ? [...entriesByStep(data).values()]
        .flat()
        .find((one) => one.kind === "agent_ends" && one.began_at_step === entry.step)
    : undefined;
  if (!end) return null;
  return (
    <div className={css.answer}>
      {end.error && (
        <p className={css.error}>
          ✕ <HostileText text={end.error} inline max={300} />
        </p>
      )}
      {end.text && (
        <>
          <span className={css.muted}>answered</span>
          <Bounded text={end.text} step={entry.step} sort="message" which="answer" lines={3} />
        </>
      )}
    </div>
  );
}

export function AgentEnds({ entry }: { entry: TranscriptEntry }) {
  return (
    <div className={css.speech} data-kind="ends">
      <p className={css.speaker}>
        <KindMark
          kind="agent"
          text={<HostileText text={entry.name ?? "agent"} inline max={80} />}
        />{" "}
        <span className={css.muted}>
          {entry.error ? "ended with an error" : entry.text ? "answered" : "ended"}
        </span>
      </p>
      {entry.error && (
        <p className={css.error}>
          <HostileText text={entry.error} max={1000} />
        </p>
      )}
      {entry.text && (
        <Bounded text={entry.text} step={entry.step} sort="message" which="end" lines={8} />
      )}
    </div>
  );
}
