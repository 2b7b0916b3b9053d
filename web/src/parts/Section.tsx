/** A part of a screen with a heading, and what belongs beside the heading. */
import { type ReactNode, useId } from "react";
import css from "./Section.module.css";

export interface SectionProps {
  readonly title: ReactNode;
  /** At the right end of the heading's line. */
  readonly aside?: ReactNode;
  /** Under the heading, muted. */
  readonly note?: ReactNode;
  readonly children: ReactNode;
  readonly level?: 2 | 3;
  readonly id?: string;
}

export function Section({ title, aside, note, children, level = 2, id }: SectionProps) {
  const heading = useId();
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <section className={css.section} aria-labelledby={heading} {...(id ? { id } : {})}>
      <header className={css.head}>
        <Heading id={heading} className={level === 2 ? css.title : css.small}>
          {title}
        </Heading>
        {aside && <div className={css.aside}>{aside}</div>}
      </header>
      {note && <p className={css.note}>{note}</p>}
      {children}
    </section>
  );
}
