/** One section of the settings: its name, what it is for, its parts below one another. */
import type { ReactNode } from "react";
import { ScreenHead } from "@/app/screen/ScreenHead";
import styles from "./pieces.module.css";

interface Props {
  title: string;
  note?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}

export function Page({ title, note, aside, children }: Props) {
  return (
    <div className={styles.page}>
      <ScreenHead title={title} note={note}>
        {aside}
      </ScreenHead>
      {children}
    </div>
  );
}
