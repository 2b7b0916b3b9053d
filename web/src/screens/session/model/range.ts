/** A range of steps as it stands in an address: `380-460`, both inclusive. */
import type { Range } from "./store";

/** null for anything else. */
export function parseRange(text: string | undefined): Range | null {
  const read = /^(\d{1,9})-(\d{1,9})$/.exec(text ?? "");
  if (!read) return null;
  const [from, to] = [Number(read[1]), Number(read[2])].sort((a, b) => a - b);
  return from !== undefined && to !== undefined && from > 0 ? { from, to } : null;
}

export function writeRange(range: Range): string {
  return `${range.from}-${range.to}`;
}

/** Everything is, where no range is chosen. */
export function isInRange(range: Range | null, step: number): boolean {
  return range === null || (step >= range.from && step <= range.to);
}
