/**
 * Which row one is at and which are selected, kept for the address, so that going back finds them.
 */
import { useCallback, useEffect, useState } from "react";

const PLACE = "quarterdeck.sessions.place";

interface Place {
  readonly active: string | null;
  readonly selected: ReadonlySet<string>;
}

export interface ListPlace extends Place {
  readonly setActive: (id: string | null) => void;
  readonly toggle: (id: string) => void;
  /** All of them, and those that are selected already. */
  readonly add: (ids: readonly string[]) => void;
  readonly clear: () => void;
}

const NOWHERE: Place = { active: null, selected: new Set() };

/** `list` names the list: its project and filter. Another one begins with nothing selected. */
export function usePlace(list: string): ListPlace {
  const [kept, setKept] = useState(() => ({ list, place: readPlace(list) }));
  if (kept.list !== list) setKept({ list, place: readPlace(list) });
  const { place } = kept;
  const change = useCallback(
    (next: (past: Place) => Place) =>
      setKept((past) => ({ list: past.list, place: next(past.place) })),
    [],
  );
  useEffect(() => writePlace(kept.list, kept.place), [kept]);
  return {
    ...place,
    setActive: useCallback((active) => change((past) => ({ ...past, active })), [change]),
    toggle: useCallback(
      (id) =>
        change((past) => {
          const selected = new Set(past.selected);
          if (!selected.delete(id)) selected.add(id);
          return { ...past, selected };
        }),
      [change],
    ),
    add: useCallback(
      (ids) => change((past) => ({ ...past, selected: new Set([...past.selected, ...ids]) })),
      [change],
    ),
    clear: useCallback(() => change((past) => ({ ...past, selected: new Set() })), [change]),
  };
}

function readPlace(list: string): Place {
  try {
    const read = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
    if (read?.list !== list || !Array.isArray(read.selected)) return NOWHERE;
    return {
      active: typeof read.active === "string" ? read.active : null,
      selected: new Set(read.selected.filter((one: unknown) => typeof one === "string")),
    };
  } catch {
    return NOWHERE;
  }
}

function writePlace(list: string, { active, selected }: Place): void {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ list, active, selected: [...selected] }));
  } catch {
    // Not kept, then.
  }
}
