/** The plan of a move in words. Pure. */
import type { Plan } from "@/api/workflows";
import { counted } from "@/format";
import { runningWords } from "./moves";

/** What runs on one side of a move; "nothing" before the first release. */
export function sideWords(side: Plan["from"]): string {
  if (!side) return "nothing";
  return runningWords({
    stable: side.stable.version,
    candidate: side.candidate?.version ?? null,
    share: side.share,
  });
}

/** Why memory stays or goes, and in numbers what would go; none for what is no rollback. */
export function memoryLines(memory: Plan["memory"]): string[] {
  if (!memory) return [];
  const { why, writes, entries, stays, readers } = memory;
  const have = readers === 1 ? "has" : "have";
  return [
    ...(why ? [why] : []),
    ...(writes > 0 ? [`${counted(writes, "write")} will be hidden`] : []),
    ...(entries > 0
      ? [`${counted(entries, "entry", "entries")} will read otherwise than now`]
      : []),
    ...(stays > 0 ? [`${counted(stays, "entry", "entries")} kept: somebody wrote later`] : []),
    ...(readers > 0 ? [`${counted(readers, "session")} ${have} read what goes`] : []),
  ];
}
