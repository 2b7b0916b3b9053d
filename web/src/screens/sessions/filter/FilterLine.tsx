/**
 * The filter as one line of text that completes itself. Sent with Enter, when a value is chosen,
 * or when one leaves it. Only the server says whether it can be read.
 */
import { Search, X } from "lucide-react";
import { type KeyboardEvent, type RefObject, useId, useState } from "react";
import type { Refused } from "@/api/client";
import { IconButton } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { type Completion, completions, type Known } from "./complete";
import css from "./Filter.module.css";

export interface FilterLineProps {
  readonly q: string;
  readonly known: Readonly<Record<string, readonly Known[]>>;
  readonly refused: Refused | null;
  readonly onApply: (q: string) => void;
  readonly inputRef: RefObject<HTMLInputElement | null>;
}

export function FilterLine({ q, known, refused, onApply, inputRef }: FilterLineProps) {
  const id = useId();
  const [draft, setDraft] = useState(q);
  const [applied, setApplied] = useState(q);
  const [cursor, setCursor] = useState(q.length);
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  // Facets and chips write into it too.
  if (applied !== q) {
    setApplied(q);
    setDraft(q);
  }
  const offered = isOpen ? completions(draft, cursor, known) : [];
  const isShown = offered.length > 0;

  const apply = (text: string) => {
    setOpen(false);
    setAt(-1);
    setDraft(text);
    if (text.trim() !== q) onApply(text.trim());
  };
  const choose = (one: Completion) => {
    setAt(-1);
    setDraft(one.q);
    setCursor(one.cursor);
    if (one.isOpen) {
      setOpen(true);
      requestAnimationFrame(() => inputRef.current?.setSelectionRange(one.cursor, one.cursor));
    } else {
      setOpen(false);
      onApply(one.q.trim());
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const chosen = offered[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) return setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const count = offered.length + 1;
      setAt(((at + 1 + step + count) % count) - 1);
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen) {
      event.preventDefault();
      choose(chosen);
    } else if (event.key === "Enter") {
      event.preventDefault();
      apply(draft);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (isShown) setOpen(false);
      else if (draft !== q) setDraft(q);
      else inputRef.current?.blur();
    }
  };

  return (
    <div className={css.line}>
      <div className={css.control} data-refused={refused ? true : undefined}>
        <Search aria-hidden />
        <input
          ref={inputRef}
          className={css.input}
          type="text"
          role="combobox"
          aria-label="Filter"
          aria-autocomplete="list"
          aria-expanded={isShown}
          aria-controls={isShown ? `${id}-list` : undefined}
          aria-activedescendant={isShown && at >= 0 ? `${id}-${at}` : undefined}
          aria-invalid={refused ? true : undefined}
          aria-describedby={refused ? `${id}-refused` : undefined}
          placeholder='outcome:failure tool:bash cost:>5 "text of the session"'
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={2000}
          value={draft}
          onChange={(event) => {
            setDraft(event.target.value);
            setCursor(event.target.selectionStart ?? event.target.value.length);
            setOpen(true);
            setAt(-1);
          }}
          onSelect={(event) => setCursor(event.currentTarget.selectionStart ?? 0)}
          onFocus={() => setOpen(true)}
          onBlur={() => apply(draft)}
          onKeyDown={onKeyDown}
        />
        {draft && (
          <IconButton size="small" label="Clear the filter" onPress={() => apply("")}>
            <X aria-hidden />
          </IconButton>
        )}
      </div>
      {isShown && (
        <div role="listbox" id={`${id}-list`} className={css.list} aria-label="Goes on with">
          {offered.map((one, index) => (
            // biome-ignore lint/a11y/useFocusableInteractive: as the list.
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys.
            <div
              key={one.id}
              role="option"
              id={`${id}-${index}`}
              aria-selected={index === at}
              className={css.option}
              // The field keeps the focus; a press would take it.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(one)}
            >
              <HostileText text={one.text} inline max={120} />
              <span className={css.aside}>{one.aside}</span>
            </div>
          ))}
        </div>
      )}
      {refused && (
        <div id={`${id}-refused`} className={css.refused} role="alert">
          <RefusedAt q={q} refused={refused} />
        </div>
      )}
    </div>
  );
}

/** What the server said, with the place that it named marked in the text. */
function RefusedAt({ q, refused }: { q: string; refused: Refused }) {
  const position = Number(/at position (\d+)/.exec(refused.message)?.[1] ?? 0);
  const at = position - 1;
  return (
    <>
      <p>
        <strong>
          <HostileText text={refused.message} inline max={300} />
        </strong>
      </p>
      {at >= 0 && (
        <p className={css.place}>
          <HostileText text={q.slice(Math.max(0, at - 40), at)} inline mono />
          <mark>{q.slice(at, at + 1) || "\u00a0"}</mark>
          <HostileText text={q.slice(at + 1, at + 60)} inline mono />
        </p>
      )}
      {refused.hint && <p className={css.hint}>{refused.hint}</p>}
      <p className={css.hint}>What is shown below is not of this filter.</p>
    </>
  );
}
