/** One entry of the transcript, by its kind. */
import type { TranscriptEntry } from "@/api/session";
import { formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import { AgentBegins, AgentEnds } from "./Agent";
import { Bounded } from "./Bounded";
import css from "./Entries.module.css";
import { Person } from "./Person";
import { StepLink } from "./StepLink";
import { ToolCall } from "./ToolCall";

export interface EntryProps {
  entry: TranscriptEntry;
  /** Which of its step's entries it is. */
  which: number;
  /** Of an agent that begins: what it does is not shown. */
  isClosed: boolean;
}

export function Entry({ entry, which, isClosed }: EntryProps) {
  switch (entry.kind) {
    case "agent_begins":
      return <AgentBegins entry={entry} isClosed={isClosed} />;
    case "agent_ends":
      return <AgentEnds entry={entry} />;
    case "tool":
      return isClosed ? null : <ToolCall entry={entry} which={which} />;
    case "person":
      return <Person entry={entry} />;
    case "asked":
    case "said":
    case "thought":
      return <Speech entry={entry} which={which} />;
    case "handoff":
      return isClosed ? null : <Handoff entry={entry} />;
    case "episode_opened":
    case "episode_recovered":
      return <EpisodeEdge entry={entry} />;
    default:
      return <Other entry={entry} which={which} />;
  }
}

function Speech({ entry, which }: { entry: TranscriptEntry; which: number }) {
  const isThought = entry.kind === "thought";
  // Who speaks: an agent by its name, not by its model's.
  const speaker =
    entry.kind === "asked" ? entry.name || "user" : entry.agent || entry.name || "model";
  const word = isThought ? "thought" : entry.kind === "asked" ? "asked" : "wrote";
  return (
    <div className={css.speech} data-kind={entry.kind}>
      <p className={css.speaker}>
        <HostileText text={speaker} inline max={80} /> <span className={css.muted}>· {word}</span>
      </p>
      {entry.text && (
        <Bounded
          text={entry.text}
          step={entry.step}
          sort={isThought ? "thought" : "message"}
          which={which}
          lines={isThought ? 4 : 14}
        />
      )}
      <Media entry={entry} />
    </div>
  );
}

export function Media({ entry }: { entry: TranscriptEntry }) {
  if (entry.media.length === 0) return null;
  return (
    <p className={css.media}>
      {entry.media.map((one) => `${one.omitted}, ${formatCount(one.bytes)} bytes`).join(" · ")}, not
      shown
    </p>
  );
}

function Handoff({ entry }: { entry: TranscriptEntry }) {
  if (!entry.handoff) return null;
  return (
    <p className={css.line}>
      <span className={css.glyph} aria-hidden>
        ⇄
      </span>
      <HostileText text={entry.handoff.source} inline max={60} />
      <span className={css.muted}>{entry.handoff.kind.replaceAll("_", " ")} to</span>
      <HostileText text={entry.handoff.target ?? "nobody known"} inline max={60} />
    </p>
  );
}

function EpisodeEdge({ entry }: { entry: TranscriptEntry }) {
  const { episode } = entry;
  if (!episode) return null;
  const what = episode.operation.replace(/^(tool|model):/, "");
  if (entry.kind === "episode_recovered") {
    return (
      <p className={css.edge} data-state="recovered">
        <span aria-hidden>✓</span> <HostileText text={what} inline max={80} /> recovered
        {episode.opened_at_step !== null && (
          <span className={css.muted}>
            , failing since step <StepLink step={episode.opened_at_step} />
          </span>
        )}
      </p>
    );
  }
  if (episode.recovered) {
    return (
      <p className={css.edge} data-state="opened">
        <HostileText text={what} inline max={80} /> fails here
        {episode.recovered_at_step !== null && (
          <span>
            , recovers at <StepLink step={episode.recovered_at_step} />
          </span>
        )}
      </p>
    );
  }
  return (
    <p className={css.edge} data-state="never">
      <span aria-hidden>✕</span> <HostileText text={what} inline max={80} /> never recovered
      {episode.errors > 1 && ` · ${formatCount(episode.errors)} failures`}
    </p>
  );
}

function Other({ entry, which }: { entry: TranscriptEntry; which: number }) {
  const kind = entry.kind === "model_failed" ? "model" : entry.kind;
  const isFailed = entry.kind === "model_failed" || entry.status === "error";
  return (
    <div className={css.other}>
      <p className={css.line}>
        <KindMark kind={kind} />
        <HostileText text={entry.name ?? ""} inline max={120} />
        {isFailed && <span className={css.failed}>✕ failed</span>}
      </p>
      {entry.error && (
        <p className={css.error}>
          <HostileText text={entry.error} max={2000} />
        </p>
      )}
      {entry.text && (
        <Bounded text={entry.text} step={entry.step} sort="result" which={which} lines={5} />
      )}
      <Media entry={entry} />
    </div>
  );
}
