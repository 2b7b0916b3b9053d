/** Code, arguments, a command: mono, scrolling on its own, with a copy that is exactly the text. */

import css from "./CodeBlock.module.css";
import { CopyButton } from "./CopyButton";
import { HostileText } from "./HostileText";

export interface CodeBlockProps {
  readonly text: string;
  /** What it is, for its copy and those who don't see it: "command", "arguments". */
  readonly label: string;
  readonly copy?: boolean;
  /** Characters above which it is folded. */
  readonly max?: number;
  /** Shown in a bar above it; else the copy stands in the corner. */
  readonly title?: string;
}

export function CodeBlock({ text, label, copy = true, max, title }: CodeBlockProps) {
  return (
    <figure className={css.block} aria-label={label}>
      {title && <figcaption className={css.title}>{title}</figcaption>}
      {copy && (
        <span className={css.copy}>
          <CopyButton text={text} what={label} />
        </span>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it. */}
      <pre className={css.code} tabIndex={0}>
        <HostileText text={text} mono {...(max === undefined ? {} : { max })} />
      </pre>
    </figure>
  );
}
