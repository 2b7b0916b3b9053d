/** The parts of the filter one by one, each of which can be taken away. */
import { visibleText } from "@/parts/hostile";
import { Tag } from "@/parts/Tag";
import css from "./Filter.module.css";
import { termsOf, withoutTerm } from "./terms";

export function Chips({ q, onApply }: { q: string; onApply: (q: string) => void }) {
  const terms = termsOf(q);
  if (terms.length === 0) return null;
  return (
    <ul className={css.chips} aria-label="Parts of the filter">
      {terms.map((term) => (
        <li key={term.start}>
          <Tag name={visibleText(term.text, 80)} onRemove={() => onApply(withoutTerm(q, term))}>
            {term.negated && <span className={css.not}>not </span>}
            {term.field === null
              ? `text “${visibleText(term.values[0] ?? "", 60)}”`
              : `${term.field} ${visibleText(term.values.map(orNone).join(" or "), 80)}`}
          </Tag>
        </li>
      ))}
    </ul>
  );
}

function orNone(value: string): string {
  return value === "" ? "none" : value;
}
