/** The tokens as the canvas needs them, read again when the theme changes. */
import { useSyncExternalStore } from "react";
import type { Palette } from "./paint";

const KINDS = [
  "agent",
  "model",
  "tool",
  "retrieval",
  "human",
  "memory",
  "guardrail",
  "evaluation",
  "step",
] as const;

let kept: Palette | null = null;

export function usePalette(): Palette {
  return useSyncExternalStore(listen, () => {
    kept ??= read();
    return kept;
  });
}

function listen(changed: () => void): () => void {
  const forget = () => {
    kept = null;
    changed();
  };
  window.addEventListener("quarterdeck:theme", forget);
  return () => window.removeEventListener("quarterdeck:theme", forget);
}

function read(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    kinds: Object.fromEntries(KINDS.map((kind) => [kind, token(`kind-${kind}`)])),
    bg: token("bg"),
    text: token("text"),
    muted: token("muted"),
    line: token("line"),
    sunken: token("sunken"),
    primary: token("primary"),
    failure: token("failure"),
    font: token("font-text"),
  };
}
