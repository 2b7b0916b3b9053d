/** Facets that are no values: whether there were errors or people, and between which costs. */
import { useState } from "react";
import { TextField } from "@/parts/TextField";
import { boundOf, termsOf, withBound, withoutTerm } from "../filter/terms";
import css from "./Facets.module.css";

interface Props {
  readonly q: string;
  readonly onApply: (q: string) => void;
}

const SOME: readonly { readonly text: string; readonly word: string }[] = [
  { text: "errors:>0", word: "has errors" },
  { text: "interventions:>0", word: "people stepped in" },
  { text: "retries:>0", word: "has retries" },
];

export function Bounds({ q, onApply }: Props) {
  const terms = termsOf(q);
  return (
    <>
      <section className={css.group}>
        <h3 className={css.title}>Has</h3>
        <ul>
          {SOME.map(({ text, word }) => {
            const there = terms.find((term) => term.text === text);
            return (
              <li key={text}>
                <button
                  type="button"
                  className={css.value}
                  aria-pressed={there !== undefined}
                  onClick={() => onApply(there ? withoutTerm(q, there) : `${q} ${text}`.trim())}
                >
                  <span className={css.name}>{word}</span>
                </button>
              </li>
            );
          })}
        </ul>
      </section>
      <section className={css.group}>
        <h3 className={css.title}>Cost, USD</h3>
        <div className={css.bounds}>
          <Bound
            key={`least ${boundOf(q, "cost", ">=")}`}
            label="at least"
            sign=">="
            q={q}
            onApply={onApply}
          />
          <Bound
            key={`most ${boundOf(q, "cost", "<=")}`}
            label="at most"
            sign="<="
            q={q}
            onApply={onApply}
          />
        </div>
      </section>
    </>
  );
}

function Bound({ label, sign, q, onApply }: Props & { label: string; sign: ">=" | "<=" }) {
  const now = boundOf(q, "cost", sign);
  const [typed, setTyped] = useState(now);
  const isNumber = /^\d{0,12}(\.\d{1,9})?$/.test(typed.trim());
  const send = () => {
    if (isNumber && typed.trim() !== now) onApply(withBound(q, "cost", sign, typed.trim()));
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <TextField
        label={label}
        value={typed}
        onChange={setTyped}
        onBlur={send}
        inputMode="decimal"
        error={isNumber ? undefined : "A number, as 0.5."}
      />
    </form>
  );
}
