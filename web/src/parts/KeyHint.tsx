/** Keys, as they are printed on them: `⌘K`, `Shift J`. */
import css from "./KeyHint.module.css";

const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

export interface KeyHintProps {
  /** As in app/keys/table.ts: `$mod+k`, `g o`, `Shift+J`, `Escape`. */
  readonly keys: string;
}

export function KeyHint({ keys }: KeyHintProps) {
  return (
    <kbd className={css.keys} aria-hidden>
      {printedKeys(keys)}
    </kbd>
  );
}

const PRINTED: Record<string, string> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  "Shift+?": "?",
  "Shift++": "+",
  "+": "+",
};

/** Plain text of the keys, for labels and the sheet. */
export function printedKeys(keys: string): string {
  if (PRINTED[keys]) return PRINTED[keys];
  return keys
    .split(" ")
    .map((one) =>
      one
        .split("+")
        .map((part) => {
          if (part === "$mod") return isMac ? "⌘" : "Ctrl";
          return (
            PRINTED[part] ?? (part.length === 1 && one.includes("+") ? part.toUpperCase() : part)
          );
        })
        .join(isMac ? "" : " "),
    )
    .join(" ");
}
