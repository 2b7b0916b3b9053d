/** Which parts of a session are missing, in words. Pure. */
import type { SessionRecord } from "@/api/session";
import { counted } from "@/format";

/** "" where all is there. */
export function missingText(
  record: Pick<
    SessionRecord,
    "missing_parents" | "dropped" | "problem_count" | "status" | "open_spans"
  >,
): string {
  const parts: string[] = [];
  const { missing_parents: parents, dropped, open_spans: open } = record;
  if (parents > 0) {
    parts.push(
      `${counted(parents, "span")} ${parents === 1 ? "names" : "name"} a parent that never arrived`,
    );
  }
  if (record.status === "closed" && open > 0) {
    parts.push(`${counted(open, "span")} never ended`);
  }
  if (dropped > 0) parts.push(`the sender dropped ${counted(dropped, "part")} by its limits`);
  return parts.length > 0 ? `Parts are missing: ${parts.join("; ")}.` : "";
}
