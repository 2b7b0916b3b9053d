/** What differs between two states of a project's settings, in words. Pure. */
import type { ProjectShown, Settings } from "@/api/settings";

export const LABELS: Record<keyof Settings, string> = {
  name: "Name",
  session_key: "Session key",
  retention_days: "Days kept",
  redaction_patterns: "Redaction patterns",
  human_tools: "Tools that stand for a person",
  scripted_humans: "Simulated people",
  price_overrides: "Prices",
};

export interface Change {
  readonly name: keyof Settings;
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

export function settingsOf(project: ProjectShown): Settings {
  return { name: project.name, ...project.settings };
}

/** Only what is another value. */
export function changed(before: Settings, after: Partial<Settings>): Partial<Settings> {
  return Object.fromEntries(
    Object.entries(after).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof Settings]),
    ),
  );
}

export function changesBetween(before: Settings, after: Settings): Change[] {
  return (Object.keys(changed(before, after)) as (keyof Settings)[])
    .filter((name) => name in LABELS)
    .map((name) => ({
      name,
      label: LABELS[name],
      before: told(name, before[name]),
      after: told(name, after[name]),
    }));
}

function told(name: keyof Settings, value: Settings[keyof Settings]): string {
  if (name === "retention_days") return value === null ? "the server's default" : `${value}`;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (name === "price_overrides") {
    const rows = value as Settings["price_overrides"];
    return rows.length === 0
      ? "none"
      : rows
          .map((row) => `${row.model} ${row.input_usd_per_mtok}/${row.output_usd_per_mtok}`)
          .join(", ");
  }
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return value ? String(value) : "none";
}
