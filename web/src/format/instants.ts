/**
 * Points in time, in the zone that the viewer chose (`useZone()` in app/time.ts).
 *
 * Day, month by its name, hour: never 11/04. The zone is named once by whoever shows a column of
 * them. Instants come as RFC 3339 or as digits of nanoseconds since 1970.
 */

import { formatDuration } from "./durations";
import { DASH, viewerLocale } from "./locale";

export type At = string | number | Date | null | undefined;
export type Fineness = "day" | "minute" | "second" | "millisecond";

/** Milliseconds since 1970 (with a fraction, where there are nanoseconds); null if unreadable. */
export function instantMs(at: At): number | null {
  if (at === null || at === undefined || at === "") return null;
  if (at instanceof Date) return Number.isNaN(at.getTime()) ? null : at.getTime();
  if (typeof at === "number") return Number.isFinite(at) ? at : null;
  if (/^-?\d{1,20}$/.test(at)) return Number(BigInt(at) / 1000n) / 1000;
  const read = Date.parse(at);
  return Number.isNaN(read) ? null : read;
}

/** `12 Apr 10:15` · `12 Apr 2024 10:15` in another year than `now` · `—` */
export function formatInstant(
  at: At,
  told: { zone: string; fineness?: Fineness; now?: number; locale?: string },
): string {
  const ms = instantMs(at);
  if (ms === null) return DASH;
  const { zone, fineness = "minute", now = Date.now() } = told;
  const part = partsOf(ms, zone, told.locale);
  const year = part.year === partsOf(now, zone, told.locale).year ? "" : ` ${part.year}`;
  const day = `${part.day} ${part.month}${year}`;
  return fineness === "day" ? day : `${day} ${clock(part, ms, fineness)}`;
}

/** `10:15:02`: for rows of one day. */
export function formatTime(
  at: At,
  told: { zone: string; fineness?: Fineness; locale?: string },
): string {
  const ms = instantMs(at);
  if (ms === null) return DASH;
  return clock(partsOf(ms, told.zone, told.locale), ms, told.fineness ?? "second");
}

/** `12 Apr 10:15 – 12:00`; the day is repeated only where it is another. */
export function formatSpan(
  from: At,
  until: At,
  told: { zone: string; fineness?: Fineness; now?: number; locale?: string },
): string {
  const start = formatInstant(from, told);
  const end = formatInstant(until, told);
  const day = formatInstant(from, { ...told, fineness: "day" });
  const isSameDay = told.fineness !== "day" && end.startsWith(`${day} `);
  return `${start} – ${isSameDay ? end.slice(day.length + 1) : end}`;
}

/** `12 min ago` · `in 3 h` · `just now`; one unit. */
export function formatAgo(at: At, now: number, locale?: string): string {
  const ms = instantMs(at);
  if (ms === null) return DASH;
  const apart = (now - ms) / 1000;
  const size = Math.abs(apart);
  if (size < 5) return "just now";
  const length = formatDuration({ s: size < 60 ? Math.round(size) : size }, locale)
    .replace(/[.,]0(?=\D)/, "")
    .split(" ")[0];
  return apart < 0 ? `in ${length}` : `${length} ago`;
}

/** For hovering: UTC, the chosen zone and how long ago. */
export function explainInstant(
  at: At,
  told: { zone: string; now: number; locale?: string },
): string {
  const ms = instantMs(at);
  if (ms === null) return "unknown";
  const full = (zone: string) =>
    `${formatInstant(ms, { ...told, zone, fineness: "millisecond", now: 0 })} ${zoneName(zone)}`;
  const zones = told.zone === "UTC" ? [full("UTC")] : [full("UTC"), full(told.zone)];
  return [...zones, formatAgo(ms, told.now, told.locale)].join(" · ");
}

/** `UTC` · `Europe/Berlin` */
export function zoneName(zone: string): string {
  return zone === "Etc/UTC" ? "UTC" : zone;
}

interface Parts {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
}

const kept = new Map<string, Intl.DateTimeFormat>();

function partsOf(ms: number, zone: string, locale?: string): Parts {
  const language = locale ?? viewerLocale();
  const key = `${language} ${zone}`;
  let format = kept.get(key);
  if (!format) {
    format = makeFormat(language, zone);
    kept.set(key, format);
  }
  const found: Record<string, string> = {};
  for (const part of format.formatToParts(new Date(ms))) found[part.type] = part.value;
  return {
    year: found.year ?? "",
    month: found.month ?? "",
    day: found.day ?? "",
    hour: found.hour ?? "",
    minute: found.minute ?? "",
    second: found.second ?? "",
  };
}

function makeFormat(language: string, zone: string): Intl.DateTimeFormat {
  const options: Intl.DateTimeFormatOptions = {
    calendar: "gregory",
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  };
  try {
    return new Intl.DateTimeFormat(language, { ...options, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat("en", { ...options, timeZone: "UTC" });
  }
}

function clock(part: Parts, ms: number, fineness: Fineness): string {
  const minute = `${part.hour}:${part.minute}`;
  if (fineness === "minute" || fineness === "day") return minute;
  const second = `${minute}:${part.second}`;
  if (fineness === "second") return second;
  const fraction = ((Math.floor(ms) % 1000) + 1000) % 1000;
  return `${second}.${String(fraction).padStart(3, "0")}`;
}
