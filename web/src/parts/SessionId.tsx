/** A session's id in little room, whole on hover and in the copy. */
import { Link } from "@tanstack/react-router";
import { shortId } from "@/format";
import { CopyButton } from "./CopyButton";
import css from "./Figures.module.css";
import { visibleText } from "./hostile";

export interface SessionIdProps {
  readonly id: string;
  /** Given = a link to its replay. */
  readonly project?: string;
  readonly copy?: boolean;
}

export function SessionId({ id, project, copy = false }: SessionIdProps) {
  const shown = visibleText(shortId(id), 40);
  const whole = visibleText(id);
  return (
    <span className={css.copied}>
      {project ? (
        <Link
          to="/p/$project/sessions/$session"
          params={{ project, session: id }}
          className={css.id}
          title={whole}
        >
          {shown}
        </Link>
      ) : (
        <span className={css.id} title={whole}>
          {shown}
        </span>
      )}
      {copy && <CopyButton text={id} what="session id" />}
    </span>
  );
}
