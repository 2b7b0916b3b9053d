/** A value that something has, or a part of a filter that can be taken away. */
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import css from "./Tag.module.css";

export interface TagProps {
  readonly children: ReactNode;
  /** Given = it can be removed. */
  readonly onRemove?: (() => void) | undefined;
  /** What the button removes, in words: "tool:bash". Needed with `onRemove`. */
  readonly name?: string;
  readonly mono?: boolean;
}

export function Tag({ children, onRemove, name, mono = false }: TagProps) {
  return (
    <span className={`${css.tag} ${mono ? css.mono : ""} ${onRemove ? css.removable : ""}`}>
      <span className={css.words}>{children}</span>
      {onRemove && (
        <Button
          className={css.remove ?? ""}
          aria-label={`Remove ${name ?? ""}`.trim()}
          onPress={onRemove}
        >
          <X aria-hidden />
        </Button>
      )}
    </span>
  );
}
