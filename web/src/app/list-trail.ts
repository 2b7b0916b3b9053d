/**
 * The list that one came from, so that `[` and `]` step through it without going back.
 *
 * Kept in this tab alone. Where nothing was remembered, or the list holds no such session, nothing
 * is beside it.
 */
const PLACE = "quarterdeck.trail";
const MOST = 5_000;

/** In the order of the list. Beyond 5,000 the end is left out. */
export function rememberTrail(ids: readonly string[]): void {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(ids.slice(0, MOST)));
  } catch {
    // A full or forbidden store takes stepping away, and nothing else.
  }
}

export interface Neighbours {
  readonly previous: string | null;
  readonly next: string | null;
  /** Of `count`, from 1; 0 where the session is not in the list. */
  readonly position: number;
  readonly count: number;
}

export function neighbours(id: string): Neighbours {
  const ids = remembered();
  const at = ids.indexOf(id);
  if (at < 0) return { previous: null, next: null, position: 0, count: ids.length };
  return {
    previous: ids[at - 1] ?? null,
    next: ids[at + 1] ?? null,
    position: at + 1,
    count: ids.length,
  };
}

function remembered(): string[] {
  try {
    const read: unknown = JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(read) ? read.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
