/** What the addresses of memory hold. */
import { count, given, oneOf, text } from "@/app/address";

/**
 * The empty environment and the empty scope are ones of their own, and an address leaves out what
 * is empty: they stand in it as "~", and a name that begins so gets another one before it.
 */
export function written(name: string): string {
  return name === "" || name.startsWith("~") ? `~${name}` : name;
}

/** The name that `written` wrote; undefined where all are meant. */
export function read(name: string | undefined): string | undefined {
  return name?.startsWith("~") ? name.slice(1) : name;
}

export function memoryAddress(search: Record<string, unknown>) {
  return given({
    q: text(search.q),
    environment: text(search.environment),
    namespace: text(search.namespace),
    scope: text(search.scope),
    prefix: text(search.prefix),
    session: text(search.session),
    workflow: text(search.workflow),
    version: count(search.version),
    user: text(search.user),
    /** A checkpoint's id or name. */
    at: text(search.at),
  });
}

export type MemorySearch = ReturnType<typeof memoryAddress>;

/** One entry; here an environment or scope that is left out is the empty one. */
export function entryAddress(search: Record<string, unknown>) {
  return given({
    environment: text(search.environment),
    namespace: text(search.namespace),
    scope: text(search.scope),
    key: text(search.key),
  });
}

export const WAYS = ["session", "version", "time", "user", "checkpoint"] as const;
export type Way = (typeof WAYS)[number];

/** Which writes to take back; `since` and `until` as they were typed. */
export function revertAddress(search: Record<string, unknown>) {
  return given({
    by: oneOf(search.by, WAYS),
    session: text(search.session),
    workflow: text(search.workflow),
    version: count(search.version),
    user: text(search.user),
    since: text(search.since),
    until: text(search.until),
    checkpoint: text(search.checkpoint),
    environment: text(search.environment),
    namespace: text(search.namespace),
  });
}

export type RevertSearch = ReturnType<typeof revertAddress>;

export function revertsAddress(search: Record<string, unknown>) {
  return given({
    /** The one that is marked. */
    revert: text(search.revert),
  });
}
