/** What the context window was made of, as far as it is known. */
import type { StepAnswer } from "@/api/session";
import { formatCount, formatShare } from "@/format";
import css from "./Moment.module.css";

type ContextAnswer = NonNullable<StepAnswer["context"]>;

const WORDS: Record<ContextAnswer["parts"][number]["what"], { word: string; color: string }> = {
  system: { word: "system", color: "var(--kind-agent)" },
  history: { word: "history", color: "var(--kind-model)" },
  tool_results: { word: "tool results", color: "var(--kind-tool)" },
  memory: { word: "memory", color: "var(--kind-memory)" },
  tool_definitions: { word: "tool definitions", color: "var(--kind-step)" },
};

export function Context({ context }: { context: ContextAnswer }) {
  const parts = context.parts.filter((part) => part.tokens > 0);
  const used = context.input_tokens;
  return (
    <section className={css.part}>
      <h3>
        Context{" "}
        <span className={css.muted}>
          {used === null ? "size not told" : `${formatCount(used)} tokens`}
          {context.window_tokens !== null && ` of ${formatCount(context.window_tokens)}`}
        </span>
      </h3>
      <div className={css.bar} aria-hidden>
        {parts.map((part) => (
          <span
            key={part.what}
            style={{ flexGrow: part.tokens, background: WORDS[part.what].color }}
          />
        ))}
      </div>
      <ul className={css.legend}>
        {parts.map((part) => (
          <li key={part.what}>
            <span
              className={css.swatch}
              style={{ background: WORDS[part.what].color }}
              aria-hidden
            />
            {WORDS[part.what].word}{" "}
            <span className={css.number}>
              {context.estimated && "≈ "}
              {formatCount(part.tokens)}
            </span>{" "}
            <span className={css.muted}>{formatShare(part.share)}</span>
          </li>
        ))}
      </ul>
      {context.estimated && (
        <p className={css.note}>Parts estimated by length; the sender tells the sum only.</p>
      )}
    </section>
  );
}
