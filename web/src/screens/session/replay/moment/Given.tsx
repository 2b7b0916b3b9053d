/** What it was given, decided or called, and what came back. */
import type { StepAnswer } from "@/api/session";
import { Bounded } from "../entries/Bounded";
import { Fields } from "../entries/Fields";
import css from "./Moment.module.css";
import { Messages } from "./Parts";

export function Given({ answer }: { answer: StepAnswer }) {
  const { content, no_content: why, step, saw } = answer;
  if (!content) return why && !answer.act ? <p className={css.note}>{why}</p> : null;
  const isModel = step.kind === "model";
  const hasInput = content.fields || content.input || (content.messages_in.length > 0 && !saw);
  const hasOutput = content.output || content.messages_out.length > 0;
  return (
    <>
      {hasInput && (
        <section className={css.part}>
          <h3>{step.kind === "tool" ? "Called with" : "Was given"}</h3>
          {content.fields && <Fields fields={content.fields} step={step.number} which="in" />}
          {content.input && (
            <Bounded
              text={content.input}
              step={step.number}
              sort="arguments"
              which="in"
              lines={6}
              mono
            />
          )}
          <Messages messages={content.messages_in} step={step.number} which="in" lines={6} />
        </section>
      )}
      {hasOutput && (
        <section className={css.part}>
          <h3>{isModel ? "Decided" : step.kind === "tool" ? "Got back" : "Gave back"}</h3>
          <Messages messages={content.messages_out} step={step.number} which="out" lines={8} />
          {content.output && (
            <Bounded
              text={content.output}
              step={step.number}
              sort="result"
              which="out"
              lines={10}
              mono={step.kind === "tool"}
            />
          )}
        </section>
      )}
      {content.truncated && <p className={css.note}>The sender's limits cut part of this.</p>}
    </>
  );
}
