/** How the sessions of a row ended, as parts of a bar; the words are in its label and on hover. */
import type { OutcomeCounts } from "@/api/tasks";
import { formatCount } from "@/format";
import { OUTCOMES, type OutcomeLabel } from "@/parts/OutcomeBadge";
import css from "./Outcomes.module.css";

export function Outcomes({ counts }: { counts: OutcomeCounts }) {
  const some = (Object.keys(OUTCOMES) as OutcomeLabel[]).filter((label) => counts[label] > 0);
  const words = some.map((label) => `${formatCount(counts[label])} ${OUTCOMES[label].word}`);
  return (
    <span className={css.outcomes} title={words.join(" · ")}>
      <span className="visually-hidden">{words.join(", ")}</span>
      <span className={css.bar} aria-hidden>
        {some.map((label) => (
          <i key={label} data-outcome={label} style={{ flexGrow: counts[label] }} />
        ))}
      </span>
      <span className={css.counts} aria-hidden>
        {some.map((label) => (
          <span key={label}>
            {OUTCOMES[label].glyph} {formatCount(counts[label])}
          </span>
        ))}
      </span>
    </span>
  );
}
