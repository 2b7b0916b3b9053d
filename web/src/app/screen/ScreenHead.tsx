/** The line at the top of a screen: what it is, and at the right what it is of. */
import type { ReactNode } from "react";
import styles from "./ScreenHead.module.css";

interface Props {
  title: ReactNode;
  /** Under the title, muted. */
  note?: ReactNode;
  /** Time range, filters, acts. */
  children?: ReactNode;
}

export function ScreenHead({ title, note, children }: Props) {
  return (
    <header className={styles.head}>
      <div>
        <h1>{title}</h1>
        {note && <p className={styles.note}>{note}</p>}
      </div>
      {children && <div className={styles.aside}>{children}</div>}
    </header>
  );
}
