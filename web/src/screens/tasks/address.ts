/** What the addresses of the list of task types and of one of them hold. */
import { given, oneOf, text } from "@/app/address";

export function tasksAddress(search: Record<string, unknown>) {
  return given({ since: text(search.since), until: text(search.until), q: text(search.q) });
}

export const GROUPS = ["action", "tool", "kind"] as const;
export type Group = (typeof GROUPS)[number];

export function taskAddress(search: Record<string, unknown>) {
  return given({
    since: text(search.since),
    until: text(search.until),
    q: text(search.q),
    node: text(search.node),
    group: oneOf(search.group, GROUPS),
    /** `13..14`: two versions side by side. */
    version: versions(search.version) ? text(search.version) : undefined,
    compare: oneOf(search.compare, ["previous"]),
    min_share: share(search.min_share),
    view: oneOf(search.view, ["tree", "table"]),
    sort: text(search.sort),
    sessions: search.sessions === "1" || search.sessions === true ? true : undefined,
  });
}

export type TaskSearch = ReturnType<typeof taskAddress>;

/** The two of `13..14`, or null. */
export function versions(written: unknown): { a: string; b: string } | null {
  const found = typeof written === "string" ? /^(.{1,400}?)\.\.(.{1,400})$/.exec(written) : null;
  return found?.[1] && found[2] ? { a: found[1], b: found[2] } : null;
}

/** Rarer branches are folded below one of these shares of all sessions. */
export const SHARES = [0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2] as const;
export const USUAL_SHARE = 0.05;

function share(written: unknown): number | undefined {
  const number = Number(typeof written === "string" || typeof written === "number" ? written : NaN);
  return number >= 0 && number <= 1 && number !== USUAL_SHARE ? number : undefined;
}
