/** Which writes a revert is about: from what the address says to what the server is asked. Pure. */
import type { SelectionForm } from "@/api/memory";
import { absolute } from "@/app/time";
import { word } from "@/screens/settings/pieces/shell";
import { type RevertSearch, read, type Way } from "../address";

/** What the screen is about; without a choice, what the address names first. */
export function wayOf(search: RevertSearch): Way {
  if (search.by) return search.by;
  if (search.session) return "session";
  if (search.workflow) return "version";
  if (search.user) return "user";
  if (search.checkpoint) return "checkpoint";
  if (search.since || search.until) return "time";
  return "session";
}

/**
 * null while too little is said: neither who, nor when, nor a checkpoint, or an instant that is
 * none. `now` in milliseconds, for `since=24h`.
 */
export function selectionOf(search: RevertSearch, now: number): SelectionForm | null {
  const { session, workflow, version, user, since, until, checkpoint, namespace } = search;
  if (!session && !workflow && !user && !since && !until && !checkpoint) return null;
  if (instantError(since ?? "") || instantError(until ?? "")) return null;
  const environment = read(search.environment);
  return {
    ...(session ? { session_id: session } : {}),
    ...(workflow ? { workflow } : {}),
    ...(workflow && version !== undefined ? { version } : {}),
    ...(user ? { user } : {}),
    ...(since ? { since: absolute(since, now) ?? "" } : {}),
    ...(until ? { until: absolute(until, now) ?? "" } : {}),
    ...(checkpoint ? { checkpoint } : {}),
    ...(environment === undefined ? {} : { environment }),
    ...(namespace ? { namespace } : {}),
  };
}

const INSTANT =
  /^(\d{1,6}[smhdw]|\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?)$/;

/** What is wrong with a typed point in time; undefined for a good one and for none. */
export function instantError(typed: string): string | undefined {
  if (typed === "") return undefined;
  if (INSTANT.test(typed) && absolute(typed, 0) !== null) return undefined;
  return "So long ago, as 24h, or 2026-04-12 or 2026-04-12T10:15Z.";
}

/** `quarterdeck memory revert --session ticket-4711 --dry-run` */
export function revertCommand(search: RevertSearch): string {
  const options: [string, string | number | undefined][] = [
    ["session", search.session],
    ["workflow", search.workflow],
    ["version", search.workflow ? search.version : undefined],
    ["user", search.user],
    ["since", search.since],
    ["until", search.until],
    ["checkpoint", search.checkpoint],
    ["environment", read(search.environment)],
    ["namespace", search.namespace],
  ];
  const said = options.flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value === "" ? "''" : word(String(value))],
  );
  return ["quarterdeck memory revert", ...said, "--dry-run"].join(" ");
}
