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
  const [place, setPlace] = useState<Place | null>(null);
  const id = useId();
  const isOpen = place !== null;
  const setOpen = (open: boolean) => setPlace(open ? placeUnder(around.current) : null);
  useEffect(() => {
    if (!isOpen) return;
    const follow = () => setPlace(placeUnder(around.current));
    window.addEventListener("scroll", follow, { capture: true, passive: true });
    window.addEventListener("resize", follow);
    return () => {
      window.removeEventListener("scroll", follow, { capture: true });
      window.removeEventListener("resize", follow);
    };
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

interface Place {
  readonly top: number;
  readonly left: number;
}

/** Fixed to the window: a table that scrolls would cut it off. null once it has left the window. */
function placeUnder(element: Element | null): Place | null {
  const box = element?.getBoundingClientRect();
  if (!box || box.bottom < 0 || box.top > innerHeight) return null;
  return { top: box.bottom + 4, left: Math.max(8, Math.min(box.left, innerWidth - WIDTH)) };
}
