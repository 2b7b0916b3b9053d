/** What a revert would do, in words. Pure. */
import type { Going, Plan } from "@/api/memory";
import { counted } from "@/format";

type Numbers = Pick<Plan, "writes" | "shows" | "totals">;

/** What the button does: "Revert 3 writes, 2 entries change". */
export function actWords({ writes, shows, totals }: Numbers): string {
  const acts = [
    ...(writes > 0 || shows === 0 ? [counted(writes, "write")] : []),
    ...(shows > 0 ? [`show ${counted(shows, "write")} again`] : []),
  ].join(", ");
  const act = writes > 0 || shows === 0 ? `Revert ${acts}` : acts.replace(/^s/, "S");
  return `${act}; ${counted(totals.goes, "entry", "entries")} ${totals.goes === 1 ? "changes" : "change"}`;
}

export function isNothing({ writes, shows }: Numbers): boolean {
  return writes === 0 && shows === 0;
}

/** What is found before or after, where that is no value. */
export function nothingWords(going: Pick<Going, "becomes">, when: "now" | "after"): string | null {
  const there = { gone: ["now"], earlier: ["now", "after"], back: ["after"], nothing: [] }[
    going.becomes
  ] as readonly string[];
  return there.includes(when) ? null : "nothing";
}
