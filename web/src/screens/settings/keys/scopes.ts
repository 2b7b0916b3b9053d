/** What the scopes of a key allow, in the words of the reference. */
import type { Scope } from "@/api/settings";

export const SCOPES: readonly { id: Scope; says: string }[] = [
  { id: "ingest", says: "send spans" },
  { id: "run", says: "what a running agent needs: its workflow, its memory, asking a person" },
  { id: "read", says: "read sessions, figures and settings" },
  { id: "write", says: "judge sessions and correct outcomes" },
  { id: "admin", says: "delete, and change settings, keys and members" },
  { id: "metrics", says: "read the metrics of the server" },
];

export const ENDS = [
  { id: "never", text: "Never" },
  { id: "30", text: "In 30 days" },
  { id: "90", text: "In 90 days" },
  { id: "365", text: "In a year" },
  { id: "date", text: "On a date…" },
] as const;

export type End = (typeof ENDS)[number]["id"];

const DAY_MS = 86_400_000;

/** RFC 3339, or null for never; undefined where the date can't be read or is past. */
export function expiryOf(end: End, date: string, now: number): string | null | undefined {
  if (end === "never") return null;
  if (end !== "date") return new Date(now + Number(end) * DAY_MS).toISOString();
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const ms = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(ms) || ms <= now ? undefined : new Date(ms).toISOString();
}
