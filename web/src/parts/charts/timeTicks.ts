/**
 * Which of a chart's buckets have their beginning written under them. No two labels are equal:
 * hours within two days (seconds within ten minutes), days otherwise, with the year where the years
 * differ.
 */
import { formatInstant, formatTime, type Tick } from "@/format";

/** `starts` in ms, ascending; at most `most` ticks, evenly spaced. */
export function timeTicks(
  starts: readonly number[],
  zone: string,
  most: number,
  locale?: string,
): Tick[] {
  const [first, last] = [starts[0], starts.at(-1)];
  if (first === undefined || last === undefined) return [];
  const every = Math.max(1, Math.ceil(starts.length / Math.max(1, most)));
  const chosen = starts.filter((_, index) => index % every === 0);
  const fineness = last - first < 600_000 ? "second" : "minute";
  const told = { zone, now: last, fineness, ...(locale ? { locale } : {}) } as const;
  const isShort = last - first < 2 * 86_400_000;
  const seen = new Set<string>();
  const ticks: Tick[] = [];
  let day = "";
  for (const value of chosen) {
    const today = formatInstant(value, { ...told, fineness: "day" });
    const time = formatTime(value, told);
    const key = isShort ? `${today} ${time}` : today;
    // The day stands at its first tick, so that two 10:15 of two days differ.
    const label = !isShort ? today : today === day ? time : formatInstant(value, told);
    day = today;
    if (seen.has(key)) continue;
    seen.add(key);
    ticks.push({ value, label });
  }
  return ticks;
}
