/**
 * Whether something still goes on: of sessions (open, waiting for a person, closed) and of spans
 * (ok, error, recovered, …). An ordinary end has no color.
 */
import css from "./StatusBadge.module.css";

export interface StatusBadgeProps {
  readonly status: string;
  /** Right of the word: "step 212", "41 min". */
  readonly aside?: string;
}

const STATUSES: Record<string, { glyph: string; word: string; look: string }> = {
  open: { glyph: "●", word: "running", look: "running" },
  waiting_for_human: { glyph: "‖", word: "waiting for a person", look: "waiting" },
  waiting: { glyph: "‖", word: "waiting", look: "waiting" },
  closed: { glyph: "·", word: "closed", look: "quiet" },
  ok: { glyph: "✓", word: "ok", look: "quiet" },
  error: { glyph: "✕", word: "error", look: "error" },
  recovered: { glyph: "✓", word: "recovered", look: "quiet" },
  cancelled: { glyph: "⊘", word: "cancelled", look: "quiet" },
  blocked: { glyph: "⊘", word: "blocked", look: "quiet" },
  interrupted: { glyph: "‖", word: "interrupted", look: "quiet" },
  unset: { glyph: "·", word: "status not told", look: "quiet" },
};

export function StatusBadge({ status, aside }: StatusBadgeProps) {
  const { glyph, word, look } = STATUSES[status] ?? { glyph: "·", word: status, look: "quiet" };
  return (
    <span className={`${css.status} ${css[look]}`}>
      <span aria-hidden className={css.glyph}>
        {glyph}
      </span>
      {word}
      {aside && <span className={css.aside}> {aside}</span>}
    </span>
  );
}
