/**
 * What the agent saw: the messages of this call, newest first, and what is new since its call
 * before. With `w` only what changed.
 */
import { useState } from "react";
import type { StepAnswer } from "@/api/session";
import { counted, formatCount } from "@/format";
import { Button, ToggleButton } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { StepLink } from "../entries/StepLink";
import css from "./Moment.module.css";
import { Parts } from "./Parts";

type SawAnswer = NonNullable<StepAnswer["saw"]>;
type Seen = SawAnswer["messages"][number];

interface SawProps {
  saw: SawAnswer;
  step: number;
  showsDiff: boolean;
  onDiff: (on: boolean) => void;
}

const FIRST = 4;

export function Saw({ saw, step, showsDiff, onDiff }: SawProps) {
  const [opened, setOpened] = useState({ step, count: FIRST });
  const count = opened.step === step ? opened.count : FIRST;
  const numbered = saw.messages.map((message, at) => ({ message, at })).reverse();
  const shown = numbered.filter(({ message }) =>
    showsDiff ? message.change !== "kept" : message.change !== "removed",
  );
  const older = Math.max(0, shown.length - count) + (showsDiff ? 0 : saw.left_out);
  return (
    <section className={css.part}>
      <div className={css.headed}>
        <h3>
          Saw <span className={css.muted}>{changesText(saw)}</span>
          {saw.compared_with !== null && (
            <span className={css.muted}>
              {" "}
              since <StepLink step={saw.compared_with} />
            </span>
          )}
        </h3>
        {saw.compared_with !== null && (
          <ToggleButton size="small" isSelected={showsDiff} onChange={onDiff}>
            Changes
          </ToggleButton>
        )}
      </div>
      {showsDiff && shown.length === 0 && <p className={css.note}>The same messages as before.</p>}
      <ol className={css.messages}>
        {shown.slice(0, count).map(({ message, at }) => (
          <li key={at}>
            <Message message={message} at={at} step={step} showsDiff={showsDiff} />
          </li>
        ))}
      </ol>
      {older > 0 && (
        <p className={css.note}>
          {formatCount(older)} older
          {shown.length > count ? (
            <Button
              size="small"
              look="quiet"
              onPress={() => setOpened({ step, count: count + 20 })}
            >
              Show {formatCount(Math.min(20, shown.length - count))} more
            </Button>
          ) : (
            ", not in this answer"
          )}
        </p>
      )}
    </section>
  );
}

/** `3 added, 126 kept`; for a first call how many there are. */
function changesText(saw: SawAnswer): string {
  if (saw.compared_with === null) {
    return counted(saw.messages.length + saw.left_out, "message");
  }
  const parts = [
    saw.added > 0 ? `${formatCount(saw.added)} added` : "",
    saw.changed > 0 ? `${formatCount(saw.changed)} changed` : "",
    saw.removed > 0 ? `${formatCount(saw.removed)} removed` : "",
    `${formatCount(saw.kept)} kept`,
  ];
  return parts.filter(Boolean).join(", ");
}

const SIGNS: Record<string, string> = { added: "+", removed: "−", changed: "~", kept: "" };

interface MessageProps {
  message: Seen;
  at: number;
  step: number;
  showsDiff: boolean;
}

function Message({ message, at, step, showsDiff }: MessageProps) {
  const sign = SIGNS[message.change ?? "kept"];
  return (
    <div className={css.message} data-change={message.change ?? "kept"}>
      <p className={css.role}>
        {sign && (
          <span className={css.sign} role="img" aria-label={message.change ?? ""}>
            {sign}
          </span>
        )}
        <HostileText text={message.role} inline max={40} />
        {message.name && (
          <>
            {" "}
            <HostileText text={message.name} inline max={40} />
          </>
        )}
        <span className={css.tokens}>≈ {formatCount(message.tokens)} tokens</span>
      </p>
      {showsDiff && message.before && (
        <div className={css.before}>
          <Parts parts={message.before} step={step} which={`before.${at}`} lines={3} />
        </div>
      )}
      <Parts parts={message.parts} step={step} which={`saw.${at}`} lines={3} />
    </div>
  );
}
