/**
 * Counts: exact below 10,000, three figures above, bytes likewise.
 *
 * The exact count is for a tooltip and for copies. What nobody told is "unknown" and never 0.
 */
import { fixed, MINUS, numbers, THIN } from "./locale";

const STEPS = [
  { from: 1e12, sign: "T" },
  { from: 1e9, sign: "B" },
  { from: 1e6, sign: "M" },
  { from: 1e3, sign: "k" },
] as const;

/** `9,412` · `37.3 k` · `45.0 M`; with decimals below 10,000 only where the number has them. */
export function formatCount(value: number | null | undefined, locale?: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "unknown";
  const size = Math.abs(value);
  if (Math.round(size) < 10_000) {
    if (Number.isInteger(value)) return fixed(value, 0, locale);
    return fixed(value, decimalsFor(size), locale);
  }
  return shortened(value, locale);
}

/** `45,012,705`: what stands behind the short form. */
export function exactCount(value: number | null | undefined, locale?: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "unknown";
  return numbers({ maximumFractionDigits: 6 }, locale).format(value).replace("-", MINUS);
}

/** `1 session` · `1,204 sessions` · `unknown sessions` is never said: null gives "unknown". */
export function counted(
  value: number | null | undefined,
  one: string,
  many = `${one}s`,
  locale?: string,
): string {
  if (value === null || value === undefined) return "unknown";
  return `${formatCount(value, locale)} ${value === 1 ? one : many}`;
}

/** Of so many bytes: `412 B` · `612 kB` · `1.2 MB`, in steps of 1,000. */
export function formatBytes(bytes: number | null | undefined, locale?: string): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return "unknown";
  if (bytes < 1000) return `${fixed(bytes, 0, locale)}${THIN}B`;
  const units = ["kB", "MB", "GB", "TB"];
  let scaled = bytes / 1000;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${fixed(scaled, scaled < 9.95 ? 1 : 0, locale)}${THIN}${units[unit]}`;
}

function shortened(value: number, locale?: string): string {
  let at = STEPS.findIndex((step) => Math.abs(value) >= step.from);
  let scaled = value / (STEPS[at]?.from ?? 1);
  // 999,960 has three figures as 1.00 M and four as 1,000 k.
  if (Math.abs(scaled) >= 999.5 && at > 0) {
    at -= 1;
    scaled = value / (STEPS[at]?.from ?? 1);
  }
  const size = Math.abs(scaled);
  const decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return `${fixed(scaled, decimals, locale)}${THIN}${STEPS[at]?.sign ?? ""}`;
}

function decimalsFor(size: number): number {
  if (size >= 100) return 0;
  if (size >= 10) return 1;
  if (size >= 0.1) return 2;
  return Math.min(8, 1 - Math.floor(Math.log10(size || 1)));
}
