/**
 * Binds acts of the table while a component is shown.
 *
 * Single letters do nothing in a text field, while a layer is open over the screen (unless the
 * component says that it is that layer), or when the viewer switched them off (WCAG 2.1.4).
 */
import { useEffect, useRef } from "react";
import { tinykeys } from "tinykeys";
import { type Act, KEYS } from "./table";

export type Bindings = Partial<Record<Act, (event: KeyboardEvent) => void>>;

const PLACE = "quarterdeck.single-keys";
const bound = new Map<symbol, readonly Act[]>();

export function singleKeysAreOn(): boolean {
  return localStorage.getItem(PLACE) !== "off";
}

export function switchSingleKeys(on: boolean): void {
  if (on) localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, "off");
}

/** What `?` shows: the acts that some shown component has bound. */
export function actsHere(): Act[] {
  return [...new Set([...bound.values()].flat())];
}

export function useKeys(bindings: Bindings): void {
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  const acts = Object.keys(bindings).sort().join(" ");
  useEffect(() => {
    const here = acts.split(" ").filter(Boolean) as Act[];
    const me = Symbol("keys");
    bound.set(me, here);
    const table: Record<string, (event: KeyboardEvent) => void> = {};
    for (const act of here) {
      for (const key of KEYS[act].keys) {
        table[key] = (event) => {
          if (event.defaultPrevented || isElsewhere(event, key)) return;
          latest.current[act]?.(event);
        };
      }
    }
    const unbind = tinykeys(window, table);
    return () => {
      unbind();
      bound.delete(me);
    };
  }, [acts]);
}

const WIDGETS =
  '[role="listbox"], [role="menu"], [role="combobox"], [role="slider"], [role="tablist"], [role="grid"], [role="radiogroup"]';

function isElsewhere(event: KeyboardEvent, key: string): boolean {
  if (key.startsWith("$mod")) return false;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input, textarea, select, [contenteditable=true]")) return key !== "Escape";
  if (key === "Escape") return document.querySelector("[role=dialog], [role=menu]") !== null;
  if (document.querySelector("[role=dialog]")) return true;
  // Arrows, Enter and Space belong to the widget that has the focus.
  if (/^(Arrow|Enter|Space|Backspace)/.test(key)) {
    if (target?.closest(WIDGETS)) return true;
    if (/^(Enter|Space)$/.test(key) && target?.closest("a, button, summary")) return true;
    return false;
  }
  return !singleKeysAreOn();
}
