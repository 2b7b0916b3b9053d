/** What the address of the list holds: which sessions, in what order, and how they are shown. */
import { given, oneOf, text } from "@/app/address";

export const SORTS = [
  "-started",
  "started",
  "-last_seen",
  "-duration",
  "duration",
  "-cost",
  "cost",
  "-errors",
  "-interventions",
  "-spans",
  "-tokens",
] as const;
export type Sort = (typeof SORTS)[number];

export const DENSITIES = ["comfortable", "compact"] as const;
export type Density = (typeof DENSITIES)[number];

export function sessionsAddress(search: Record<string, unknown>) {
  return given({
    since: text(search.since),
    until: text(search.until),
    q: text(search.q),
    sort: oneOf(search.sort, SORTS),
    density: oneOf(search.density, DENSITIES),
    /** "What differs?" is open: against all others, or against a filter's. */
    differs: oneOf(search.differs, ["filter", "selection"] as const),
  });
}

export type SessionsSearch = ReturnType<typeof sessionsAddress>;
