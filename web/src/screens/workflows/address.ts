/** What the addresses of workflows hold. */
import { given, oneOf, text } from "@/app/address";

/** Of a workflow: which sessions its outcomes are of. */
export function workflowAddress(search: Record<string, unknown>) {
  return given({ since: text(search.since) });
}

export function versionAddress(search: Record<string, unknown>) {
  return given({
    /** Prompts with their Markdown laid out. */
    look: oneOf(search.look, ["markdown"] as const),
  });
}

export function compareAddress(search: Record<string, unknown>) {
  return given({
    /** The part that is looked at: `prompts/planner.md`. */
    part: text(search.part),
    /** Texts one below the other instead of side by side. */
    look: oneOf(search.look, ["column"] as const),
    since: text(search.since),
  });
}

export type CompareSearch = ReturnType<typeof compareAddress>;

/** `13...14` as its two versions; null where it names none. */
export function rangeOf(written: string): { from: string; to: string } | null {
  const found = /^(.{1,200}?)\.\.\.(.{1,200})$/.exec(written);
  return found?.[1] && found[2] ? { from: found[1], to: found[2] } : null;
}
