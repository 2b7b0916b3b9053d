/**
 * How long something took: at most two units, and never a decimal of minutes or hours.
 *
 * Lengths come in ns (digits in text, where they are exact), ms or s. Time spent waiting for a
 * person is told apart from the whole.
 */
import { fixed, MINUS, THIN } from "./locale";

export type Length =
  | { readonly ns: number | bigint | string | null | undefined }
  | { readonly ms: number | null | undefined }
  | { readonly s: number | null | undefined };

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** In seconds; null where it is not known. */
export function seconds(length: Length): number | null {
  const [told, perSecond] =
    "ns" in length ? [length.ns, 1e9] : "ms" in length ? [length.ms, 1e3] : [length.s, 1];
  if (told === null || told === undefined || told === "") return null;
  const value = Number(told) / perSecond;
  return Number.isFinite(value) ? value : null;
}

/** `340 ns` · `33 ms` · `1.84 s` · `1 min 20 s` · `3 h 0 min` · `2 d 4 h` · `unknown` */
export function formatDuration(length: Length, locale?: string): string {
  const value = seconds(length);
  if (value === null) return "unknown";
  const text = positive(Math.abs(value), locale);
  return value < 0 ? `${MINUS}${text}` : text;
}

/** `1 h 45 min, of it 7 min waiting` */
export function formatWithWaiting(whole: Length, waiting: Length, locale?: string): string {
  const waited = seconds(waiting);
  const total = formatDuration(whole, locale);
  if (!waited) return total;
  const part = formatDuration(waiting, locale).replace(/ 0\u00a0(s|min|h)$/, "");
  return `${total}, of it ${part} waiting`;
}

function positive(value: number, locale?: string): string {
  const unit = (amount: number, decimals: number, sign: string) =>
    `${fixed(amount, decimals, locale)}${THIN}${sign}`;
  if (value === 0) return unit(0, 0, "s");
  if (value < 0.9995e-6) return unit(value * 1e9, value < 0.95e-9 ? 1 : 0, "ns");
  if (value < 0.9995e-3) return unit(value * 1e6, value < 9.95e-6 ? 1 : 0, "µs");
  if (value < 0.9995) return unit(value * 1e3, value < 9.95e-3 ? 1 : 0, "ms");
  if (value < 9.995) return unit(value, 2, "s");
  if (value < 59.95) return unit(value, 1, "s");
  if (Math.round(value) < HOUR) return pair(Math.round(value), MINUTE, "min", 1, "s", locale);
  if (Math.round(value / MINUTE) * MINUTE < DAY) {
    return pair(Math.round(value / MINUTE) * MINUTE, HOUR, "h", MINUTE, "min", locale);
  }
  return pair(Math.round(value / HOUR) * HOUR, DAY, "d", HOUR, "h", locale);
}

function pair(
  whole: number,
  big: number,
  bigSign: string,
  small: number,
  smallSign: string,
  locale?: string,
): string {
  const first = Math.floor(whole / big);
  const second = Math.floor((whole - first * big) / small);
  return `${fixed(first, 0, locale)}${THIN}${bigSign} ${fixed(second, 0, locale)}${THIN}${smallSign}`;
}
