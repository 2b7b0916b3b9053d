/**
 * What a figure means, one key away: `d` while the figure (or its mark) has the focus.
 */
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import css from "./DefinitionNote.module.css";

export interface DefinitionNoteProps {
  /** Without one, only the children are shown. */
  readonly definition?: string | undefined;
  /** Of what. */
  readonly name: string;
  readonly children?: ReactNode;
}

export function DefinitionNote({ definition, name, children }: DefinitionNoteProps) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  if (!definition) return children;
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "d" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      setOpen((was) => !was);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of what is inside.
    <span className={css.around} onKeyDown={pressed}>
      {children}
      <button
        type="button"
        className={css.mark}
        aria-label={`Definition${name ? ` of ${name}` : ""}`}
        aria-expanded={isOpen}
        aria-controls={id}
        title="Definition (d)"
        onClick={() => setOpen(!isOpen)}
      >
        ?
      </button>
      <span id={id} role="note" className={css.note} hidden={!isOpen}>
        {definition}
      </span>
    </span>
  );
}
