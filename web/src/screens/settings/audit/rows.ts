/** Rows of the audit as text: what is searched, and what stands in a line. Pure. */
import type { AuditEntry } from "@/api/settings";

/** `role: editor, name: laptop`; what is null was not part of the change. */
export function detailsOf(entry: AuditEntry): string {
  return Object.entries(entry.details)
    .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name}: ${textOf(value)}`)
    .join(", ");
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  return JSON.stringify(value);
}

/** Rows that hold every word. */
export function matching(rows: readonly AuditEntry[], looked: string): AuditEntry[] {
  const words = looked.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const text = `${row.actor} ${row.action} ${row.target} ${detailsOf(row)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
