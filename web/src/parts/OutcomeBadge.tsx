/**
 * How a session ended: glyph, word and color, and who says so where that is told.
 */
import css from "./OutcomeBadge.module.css";

export type OutcomeLabel =
  | "success"
  | "success_partial"
  | "failure"
  | "abandoned"
  | "interrupted"
  | "unknown";

export const OUTCOMES: Record<OutcomeLabel, { readonly glyph: string; readonly word: string }> = {
  success: { glyph: "✓", word: "success" },
  success_partial: { glyph: "◐", word: "partial" },
  failure: { glyph: "✕", word: "failure" },
  abandoned: { glyph: "⊘", word: "abandoned" },
  interrupted: { glyph: "‖", word: "interrupted" },
  unknown: { glyph: "?", word: "unknown" },
};

export interface OutcomeBadgeProps {
  /** An unknown label of a newer server is shown as it is. */
  readonly label: OutcomeLabel | (string & {});
  /** agent, human, evaluator, rule; "" or null: nobody. */
  readonly source?: string | null;
  readonly size?: "small" | "usual" | "large";
}

export function OutcomeBadge({ label, source, size = "usual" }: OutcomeBadgeProps) {
  const known = OUTCOMES[label as OutcomeLabel] as (typeof OUTCOMES)[OutcomeLabel] | undefined;
  const { glyph, word } = known ?? { glyph: "?", word: label };
  return (
    <span className={`${css.badge} ${css[size]}`} data-outcome={known ? label : "unknown"}>
      <span className={css.glyph} aria-hidden>
        {glyph}
      </span>
      {word}
      {source && <span className={css.source}>said by {source}</span>}
    </span>
  );
}
