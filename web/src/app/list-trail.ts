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

/** The session `by` places after this one in the list; null where there is none. */
export function beside(id: string, by: 1 | -1): string | null {
  const ids = remembered();
  const at = ids.indexOf(id);
  return at < 0 ? null : (ids[at + by] ?? null);
}

function remembered(): string[] {
  try {
    const read: unknown = JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(read) ? read.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
