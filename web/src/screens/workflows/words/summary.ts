/** What lies between two versions, sorted for reading. Pure. */
import type { Change, Comparison, Meaning } from "@/api/workflows";

const LIMITS = new Set(["permissions", "budgets", "escalation"]);

/** What an agent may do or spend: it stands in a box of its own. */
export function isLimit({ area, severity }: Pick<Meaning, "area" | "severity">): boolean {
  return severity !== "changes" || LIMITS.has(area);
}

const SEVERE: Record<Meaning["severity"], number> = { widens: 0, narrows: 1, changes: 2 };

/** What opens something stands first, then what closes it; else the server's order. */
export function bySeverity(summary: readonly Meaning[]): Meaning[] {
  return summary.toSorted((one, two) => SEVERE[one.severity] - SEVERE[two.severity]);
}

/** As much of the summary as a line of a list holds; the files where nothing was understood. */
export function changesLine({ summary, files }: Pick<Comparison, "summary" | "files">): string {
  if (summary.length > 0) {
    return bySeverity(summary)
      .map((one) => one.text)
      .join(" · ");
  }
  return files.length > 0 ? files.map((file) => file.path).join(", ") : "the same content";
}

const AREAS: Record<string, string> = {
  permissions: "Permissions",
  budgets: "Budgets",
  escalation: "When a person is asked",
  prompts: "Prompts",
  tools: "Tools",
  models: "Models and routes",
  memory: "Memory",
  context: "Context",
  handoffs: "Handoffs",
  mcp_servers: "MCP servers",
  learned: "Learned elsewhere",
  other: "Other",
};

export function areaTitle(area: string): string {
  return AREAS[area] ?? area.replaceAll("_", " ");
}

/** Changes by area, in the server's order: what agents may do comes first. */
export function byArea(changes: readonly Change[]): { area: string; changes: Change[] }[] {
  const areas = [...new Set(changes.map((change) => change.area))];
  return areas.map((area) => ({
    area,
    changes: changes.filter((change) => change.area === area),
  }));
}
