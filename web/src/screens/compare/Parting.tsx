/** The first place where the two did different things, and what differed in what they saw there. */
import { Link } from "@tanstack/react-router";
import type { ChangedMessage, Comparison, InputDifference } from "@/api/compare";
import { counted, formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { KindMark } from "@/parts/KindMark";
import { Section } from "@/parts/Section";
import css from "./Compare.module.css";
import { WordDiff } from "./WordDiff";

export function Parting({ project, told }: { project: string; told: Comparison }) {
  const { parting, other_target } = told;
  if (!parting) {
    return (
      <Section title="Where they part">
        <p>They decided the same, step by step.</p>
        {other_target && <OtherTarget of={other_target} />}
      </Section>
    );
  }
  const sides = [
    { name: "A", step: parting.a_step, at: parting.a, session: told.a.session_id },
    { name: "B", step: parting.b_step, at: parting.b, session: told.b.session_id },
  ];
  return (
    <Section
      title="Where they part"
      note={
        parting.same_before === 0
          ? "From the first step on."
          : `After ${counted(parting.same_before, "equal step")}.`
      }
    >
      <div className={css.columns}>
        {sides.map(({ name, step, at, session }) => (
          <p key={name} className={css.fork}>
            <span className={css.side}>{name}</span>{" "}
            {at && step !== null ? (
              <>
                <KindMark kind={at.kind} text="" />{" "}
                <strong>
                  <HostileText text={at.label} inline max={160} />
                </strong>{" "}
                <Link
                  to="/p/$project/sessions/$session"
                  params={{ project, session }}
                  search={{ step }}
                >
                  step {formatCount(step)}
                </Link>
              </>
            ) : (
              "had ended"
            )}
          </p>
        ))}
      </div>
      {other_target && <OtherTarget of={other_target} />}
      <Input input={parting.input} />
    </Section>
  );
}

function OtherTarget({ of }: { of: NonNullable<Comparison["other_target"]> }) {
  return (
    <p>
      Before that, <HostileText text={of.label} inline max={120} /> was about another thing: A{" "}
      <HostileText text={of.a} inline mono max={160} /> · B{" "}
      <HostileText text={of.b} inline mono max={160} />
    </p>
  );
}

function Input({ input }: { input: InputDifference }) {
  if (!input.known) {
    return (
      <p className={css.muted}>
        What the models saw before it is not known: there was no model call, or its content is not
        kept.
      </p>
    );
  }
  if (input.equal) {
    return (
      <p>
        Both saw the same: {counted(input.same_messages, "message")}, the same tools, the same
        system prompt. What differs came from the model.
      </p>
    );
  }
  return (
    <div className={css.input}>
      <h3>
        What differed in what they saw{" "}
        {input.same_messages > 0 && (
          <span className={css.muted}>
            {counted(input.same_messages, "message")} the same before
          </span>
        )}
      </h3>
      {input.model_a !== input.model_b && (
        <p>
          Model: A <HostileText text={input.model_a ?? "not told"} inline max={80} /> · B{" "}
          <HostileText text={input.model_b ?? "not told"} inline max={80} />
        </p>
      )}
      <Names words="Tools only A was offered" names={input.tools_only_a} />
      <Names words="Tools only B was offered" names={input.tools_only_b} />
      <Names words="Tools defined differently" names={input.tools_changed} />
      {input.system_prompt && <Changed title="System prompt" of={input.system_prompt} />}
      {input.changed.map((message) => (
        <Changed
          key={message.position}
          title={`Message ${formatCount(message.position + 1)}, ${visibleText(message.role, 40)}`}
          of={message}
        />
      ))}
      <div className={css.columns}>
        <Only side="A" messages={input.only_a} />
        <Only side="B" messages={input.only_b} />
      </div>
    </div>
  );
}

function Names({ words, names }: { words: string; names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <p>
      {words}: <HostileText text={names.join(", ")} inline max={400} />
    </p>
  );
}

function Changed({ title, of }: { title: string; of: ChangedMessage }) {
  return (
    <div className={css.message}>
      <p className={css.muted}>
        <HostileText text={title} inline max={80} /> · differs from character{" "}
        {formatCount(of.differs_at)} on
      </p>
      <WordDiff a={of.a} b={of.b} />
    </div>
  );
}

const SHOWN = 8;

function Only({ side, messages }: { side: string; messages: InputDifference["only_a"] }) {
  if (messages.length === 0) {
    return <p className={css.nothing}>No message that only {side} saw</p>;
  }
  return (
    <ol className={css.messages} aria-label={`Messages that only ${side} saw`}>
      {messages.slice(0, SHOWN).map((message, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: messages have no other name, and never move.
        <li key={at} className={css.message}>
          <p className={css.muted}>
            only {side} · <HostileText text={message.role} inline max={40} /> ·{" "}
            {formatCount(message.characters)} characters
          </p>
          <HostileText text={message.preview} max={1_200} />
        </li>
      ))}
      {messages.length > SHOWN && (
        <li className={css.muted}>{formatCount(messages.length - SHOWN)} more</li>
      )}
    </ol>
  );
}
