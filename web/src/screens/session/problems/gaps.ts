/** What a session's recording lacks, in sentences. Pure; the counts are the record's. */
import type { SessionRecord } from "@/api/session";
import { counted } from "@/format";

export interface Gap {
  readonly what: string;
  readonly means: string;
  /** The tree shows which. */
  readonly inTree: boolean;
}

export function gapsOf(
  of: Pick<SessionRecord, "missing_parents" | "dropped" | "open_spans" | "status">,
): Gap[] {
  const gaps: Gap[] = [];
  if (of.missing_parents > 0) {
    gaps.push({
      what: `${counted(of.missing_parents, "span")} ${of.missing_parents === 1 ? "names" : "name"} a parent that never arrived`,
      means:
        "They stand at the end of the tree, under a heading of their own; what was around them is not known.",
      inTree: true,
    });
  }
  if (of.open_spans > 0) {
    gaps.push({
      what: `${counted(of.open_spans, "span")} ${of.open_spans === 1 ? "has" : "have"} begun and not ended`,
      means:
        of.status === "closed"
          ? "Their ends were never sent: how long they took is unknown."
          : "The session is still running, so they may.",
      inTree: true,
    });
  }
  if (of.dropped > 0) {
    gaps.push({
      what: `${counted(of.dropped, "attribute")} ${of.dropped === 1 ? "was" : "were"} dropped by the sender`,
      means: "Its limits cut them off before they reached us.",
      inTree: false,
    });
  }
  return gaps;
}
