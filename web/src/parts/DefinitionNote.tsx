/**
 * What a figure means, one key away: `d` while the figure (or its mark) has the focus.
 */
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import css from "./DefinitionNote.module.css";

const WIDTH = 328;

export interface DefinitionNoteProps {
  /** Without one, only the children are shown. */
  readonly definition?: string | undefined;
  /** Of what. */
  readonly name: string;
  readonly children?: ReactNode;
}

export function DefinitionNote({ definition, name, children }: DefinitionNoteProps) {
  const around = useRef<HTMLSpanElement>(null);
  const [place, setPlace] = useState<{ top: number; left: number } | null>(null);
  const id = useId();
  const isOpen = place !== null;
  const setOpen = (open: boolean) => {
    const box = around.current?.getBoundingClientRect();
    // Fixed to the window: a table that scrolls would cut it off.
    setPlace(
      open && box
        ? { top: box.bottom + 4, left: Math.max(8, Math.min(box.left, innerWidth - WIDTH)) }
        : null,
    );
  };
  useEffect(() => {
    if (!isOpen) return;
    const close = () => setPlace(null);
    window.addEventListener("scroll", close, { capture: true, passive: true });
    return () => window.removeEventListener("scroll", close, { capture: true });
  }, [isOpen]);
  if (!definition) return children;
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "d" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      setOpen(!isOpen);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of what is inside.
    <span ref={around} className={css.around} onKeyDown={pressed}>
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
      <span id={id} role="note" className={css.note} hidden={!isOpen} style={place ?? {}}>
        {definition}
      </span>
    </span>
  );
}
