/** A call of a tool: arguments, result or error, and how often it was tried. */
import type { TranscriptEntry } from "@/api/session";
import { formatCount, formatDuration } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import { useModel } from "../../model";
import { Bounded } from "./Bounded";
import css from "./Entries.module.css";
import { Media } from "./Entry";
import { Fields } from "./Fields";
import { StepLink } from "./StepLink";

const WORDS: Record<string, string> = {
  blocked: "⊘ not allowed",
  cancelled: "⊘ cancelled",
  interrupted: "‖ interrupted",
};

export function ToolCall({ entry, which }: { entry: TranscriptEntry; which: number }) {
  const model = useModel();
  const row = model.rowOfStep[entry.step] ?? 0;
  const isFailed = entry.status === "error" || entry.error !== null;
  const isLoud = isFailed && (model.episode[row] ?? 0) <= 0;
  const word = isFailed ? "✕ failed" : WORDS[entry.status ?? ""];
  return (
    <div className={css.card} data-failed={isFailed} data-loud={isLoud}>
      <p className={css.head}>
        <KindMark kind="tool" text={<HostileText text={entry.name ?? "tool"} inline max={80} />} />
        <span className={css.aside}>
          {word && <span className={isLoud ? css.failed : css.muted}>{word}</span>}
          {entry.duration_s !== null && entry.duration_s > 0 && (
            <span>{formatDuration({ s: entry.duration_s })}</span>
          )}
        </span>
      </p>
      {entry.fields ? (
        <Fields fields={entry.fields} step={entry.step} which={String(which)} />
      ) : null}
      {entry.error && (
        <p className={isLoud ? css.error : css.quietError}>
          <HostileText text={entry.error} max={2000} />
        </p>
      )}
      {entry.text?.text && entry.text.text !== entry.error && (
        <div className={css.result}>
          <Bounded text={entry.text} step={entry.step} sort="result" which={which} lines={8} mono />
        </div>
      )}
      <Media entry={entry} />
      <Attempts entry={entry} />
    </div>
  );
}

function Attempts({ entry }: { entry: TranscriptEntry }) {
  const { attempts } = entry;
  if (attempts.length < 2) return null;
  return (
    <p className={css.attempts}>
      ×{formatCount(attempts.length)} attempts:{" "}
      {attempts.slice(0, 12).map((step) => (
        <StepLink key={step} step={step} />
      ))}
      {attempts.length > 12 && " …"}
    </p>
  );
}
