/** The plan of a move in words. Pure. */
import { counted, numeric } from "@/format";
import { runningWords } from "./moves";

/** What runs on one side of a move; "nothing" before the first release. */
export function sideWords(side: unknown): string {
  const told = side as {
    stable?: number | { version: number } | null;
    candidate?: number | { version: number } | null;
    share?: number;
  } | null;
  const stable = numberOf(told?.stable);
  if (stable === null) return "nothing";
  return runningWords({ stable, candidate: numberOf(told?.candidate), share: told?.share ?? 0 });
}

/** One line for each thing that would happen to memory; none where it stays as it is. */
export function memoryLines(memory: Record<string, unknown> | null): string[] {
  if (!memory) return [];
  const count = (name: string) => numeric(memory[name] as number | null);
  const lines: string[] = [];
  const to = memory.checkpoint;
  if (typeof to === "string" && to) lines.push(`as it was at checkpoint ${to}`);
  const writes = count("writes");
  const goes = count("goes");
  const stays = count("stays");
  const readers = count("readers");
  if (writes !== null) lines.push(`${counted(writes, "write")} since then will be hidden`);
  if (goes !== null)
    lines.push(`${counted(goes, "entry", "entries")} will read otherwise than now`);
  if (stays) {
    lines.push(`${counted(stays, "entry", "entries")} kept: somebody else wrote later`);
  }
  if (readers) lines.push(`${counted(readers, "session")} have read what would go`);
  return lines;
}

function numberOf(told: number | { version: number } | null | undefined): number | null {
  if (told === null || told === undefined) return null;
  return typeof told === "number" ? told : told.version;
}
