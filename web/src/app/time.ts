/**
 * The zone that instants are shown in, and the spans of time that lists and figures offer.
 *
 * A zone is the viewer's and kept in this browser; a span is the screen's and stands in its
 * address. Relative ones stay relative there, until `y` writes them down as instants.
 */
import { useSyncExternalStore } from "react";

const PLACE = "quarterdeck.zone";
const CHANGED = "quarterdeck:zone";

let own: string | undefined;

/** The browser's own zone; asked for once, because asking takes longer than most renderings. */
export function localZone(): string {
  own ??= Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  return own;
}

export function storedZone(): string {
  const stored = localStorage.getItem(PLACE);
  return stored && isZone(stored) ? stored : localZone();
}

/** null goes back to the browser's. An unknown zone changes nothing. */
export function chooseZone(zone: string | null): void {
  if (zone === null) localStorage.removeItem(PLACE);
  else if (isZone(zone)) localStorage.setItem(PLACE, zone);
  window.dispatchEvent(new Event(CHANGED));
}

export function useZone(): string {
  return useSyncExternalStore(listen, storedZone, () => "UTC");
}

function listen(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed);
  window.addEventListener("storage", changed);
  return () => {
    window.removeEventListener(CHANGED, changed);
    window.removeEventListener("storage", changed);
  };
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Every zone that the browser knows, UTC first. */
export function knownZones(): string[] {
  const zones = Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC");
  return ["UTC", ...zones];
}

export interface Preset {
  /** As in an address, and as the API reads it; "" = since ever. */
  readonly since: string;
  readonly label: string;
}

export const PRESETS: readonly Preset[] = [
  { since: "1h", label: "Last hour" },
  { since: "24h", label: "Last 24 hours" },
  { since: "7d", label: "Last 7 days" },
  { since: "30d", label: "Last 30 days" },
  { since: "90d", label: "Last 90 days" },
  { since: "", label: "All time" },
];

const UNIT_MS: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `7d` before `now` as RFC 3339; an instant stays; null for neither. */
export function absolute(time: string, now: number): string | null {
  const relative = /^(\d{1,6})([smhdw])$/.exec(time);
  if (relative) {
    const ms = Number(relative[1]) * (UNIT_MS[relative[2] ?? ""] ?? 0);
    return new Date(now - ms).toISOString();
  }
  const read = Date.parse(time);
  return Number.isNaN(read) ? null : new Date(read).toISOString();
}

/** `Last 7 days`, or what the address says of a span that is none of the presets. */
export function spanLabel(since: string, until = ""): string {
  if (until) return "Chosen range";
  const preset = PRESETS.find((one) => one.since === since);
  if (preset) return preset.label;
  const relative = /^(\d{1,6})([smhdw])$/.exec(since);
  const words: Record<string, string> = {
    s: "seconds",
    m: "minutes",
    h: "hours",
    d: "days",
    w: "weeks",
  };
  return relative ? `Last ${relative[1]} ${words[relative[2] ?? ""]}` : "Chosen range";
}
