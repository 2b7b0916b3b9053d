/** A small count or word beside a name. */
import type { ReactNode } from "react";
import css from "./Badge.module.css";

export interface BadgeProps {
  readonly children: ReactNode;
  /** `strong` only for what waits for the viewer. */
  readonly look?: "quiet" | "strong";
  /** What the number is of, for those who don't see where it stands: "waiting for you". */
  readonly label?: string;
}

export function Badge({ children, look = "quiet", label }: BadgeProps) {
  return (
    <span className={`${css.badge} ${css[look]}`}>
      {children}
      {label && <span className="visually-hidden"> {label}</span>}
    </span>
  );
}
