/** What became of a write, in words. Pure. */

interface Became {
  readonly current: boolean;
  readonly hidden: boolean;
  readonly deleted?: boolean;
  readonly expired?: boolean;
}

export function stateWords({ current, hidden, deleted, expired }: Became): string {
  if (hidden) return "hidden by a revert";
  if (deleted) return current ? "deleted" : "deleted, later written again";
  if (expired) return "expired";
  return current ? "found now" : "overwritten later";
}

/** Whether this write's value is what a reader finds. */
export function isFound(write: Became): boolean {
  return write.current && !write.hidden && !write.deleted && !write.expired;
}
