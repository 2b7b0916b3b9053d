/** A span's fields and attributes as lines of text. Pure. */

export interface Line {
  readonly name: string;
  readonly value: string;
  /** Of a field that was read: the attribute that gave it. */
  readonly from?: string;
}

/** Shown elsewhere in the pane, or the same for every span. */
const ELSEWHERE = new Set([
  "trace_id",
  "span_id",
  "parent_span_id",
  "name",
  "kind",
  "status",
  "started_at",
  "ended_at",
  "start_ns",
  "end_ns",
  "seen_ns",
  "error_type",
  "error_message",
  "problems",
  "findings",
]);

/** Fields of a span as it was read, with the attribute that each was read from. */
export function fieldLines(
  span: Readonly<Record<string, unknown>>,
  explain: Readonly<Record<string, string>>,
): Line[] {
  const lines: Line[] = [];
  for (const [name, value] of Object.entries(span)) {
    if (ELSEWHERE.has(name) || value === null) continue;
    for (const [path, leaf] of leavesOf(name, value)) {
      const from = explain[path] ?? explain[name];
      lines.push({ name: path, value: asText(leaf), ...(from === undefined ? {} : { from }) });
    }
  }
  return lines;
}

export function attributeLines(attributes: Readonly<Record<string, unknown>> | undefined): Line[] {
  return Object.entries(attributes ?? {})
    .map(([name, value]) => ({ name, value: asText(value) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Objects of facts are one level deep (usage, charge, human); lists stay as they are. */
function leavesOf(name: string, value: unknown): [string, unknown][] {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    return Object.entries(value)
      .filter(([, leaf]) => leaf !== null)
      .map(([key, leaf]) => [`${name}.${key}`, leaf]);
  }
  return [[name, value]];
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
