/**
 * A price as it is typed, and as it is stored: decimal text, never a number. Pure.
 *
 * What one did not touch goes back exactly as it came, digits of nanoseconds included.
 */
import type { PriceOverride } from "@/api/settings";

export const AMOUNTS = [
  "input_usd_per_mtok",
  "output_usd_per_mtok",
  "cache_read_usd_per_mtok",
  "cache_write_usd_per_mtok",
  "cache_write_1h_usd_per_mtok",
  "reasoning_usd_per_mtok",
  "per_call_usd",
  "discount_percent",
] as const;

export type Amount = (typeof AMOUNTS)[number];

export interface TypedPrice extends Record<Amount, string> {
  readonly model: string;
  readonly provider: string;
  /** A day (its first instant in UTC) or an instant; empty: since ever. */
  readonly from: string;
  /** The first day or instant at which it no longer holds; empty: for ever. */
  readonly until: string;
}

export type Wrong = Partial<Record<keyof TypedPrice, string>>;

export const EVER_NS = "9223372036854775807";
const MAY_LACK: readonly Amount[] = [
  "cache_read_usd_per_mtok",
  "cache_write_usd_per_mtok",
  "cache_write_1h_usd_per_mtok",
  "reasoning_usd_per_mtok",
];

export function emptyPrice(model: string): TypedPrice {
  const amounts = Object.fromEntries(AMOUNTS.map((name) => [name, ""])) as Record<Amount, string>;
  return { ...amounts, model, provider: "", from: "", until: "" };
}

export function typedOf(price: PriceOverride): TypedPrice {
  const amounts = Object.fromEntries(
    AMOUNTS.map((name) => [name, shownAmount(name, price[name])]),
  ) as Record<Amount, string>;
  return {
    ...amounts,
    model: price.model,
    provider: price.provider === "*" ? "" : price.provider,
    from: price.valid_from_ns === "0" ? "" : dayOf(price.valid_from_ns),
    until: price.valid_until_ns === EVER_NS ? "" : dayOf(price.valid_until_ns),
  };
}

function shownAmount(name: Amount, value: string | undefined): string {
  const isUsual = (name === "per_call_usd" || name === "discount_percent") && value === "0";
  return value === undefined || isUsual ? "" : value;
}

/** `2026-01-31` for the first instant of a day, else the whole instant. */
export function dayOf(ns: string): string {
  const ms = Number(BigInt(ns) / 1_000_000n);
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return ns;
  const text = at.toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text;
}

/** Digits of nanoseconds; undefined for what is no day and no instant from 1970 on. */
export function nanosecondsOf(typed: string): string | undefined {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(typed);
  const isInstant = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(typed);
  if (!isDay && !isInstant) return undefined;
  const ms = Date.parse(isDay ? `${typed}T00:00:00Z` : typed);
  return Number.isNaN(ms) || ms < 0 ? undefined : `${BigInt(Math.trunc(ms)) * 1_000_000n}`;
}

/** What stands in the way; empty where nothing does. */
export function wrongOf(typed: TypedPrice): Wrong {
  const wrong: Wrong = {};
  if (typed.model.trim() === "") wrong.model = "A price needs a model.";
  for (const name of AMOUNTS) {
    const text = typed[name].trim();
    if (text !== "" && !/^\d{1,9}(\.\d{1,9})?$/.test(text)) {
      wrong[name] = "A decimal number, as 2.50.";
    }
  }
  if (!wrong.discount_percent && Number(typed.discount_percent) > 100) {
    wrong.discount_percent = "At most 100.";
  }
  for (const end of ["from", "until"] as const) {
    const text = typed[end].trim();
    if (text !== "" && nanosecondsOf(text) === undefined) wrong[end] = "A day, as 2026-01-31.";
  }
  const from = nanosecondsOf(typed.from.trim() || "1970-01-01");
  const until = nanosecondsOf(typed.until.trim());
  if (from && until && BigInt(until) <= BigInt(from)) wrong.until = "After it begins.";
  const isPriceless = AMOUNTS.every(
    (name) => name === "discount_percent" || typed[name].trim() === "",
  );
  if (isPriceless) wrong.input_usd_per_mtok = "A price needs an amount; 0 where it is free.";
  return wrong;
}

/** As it is stored. `before` keeps the instants of what was not typed anew. */
export function priceOf(typed: TypedPrice, before: PriceOverride | null): PriceOverride {
  const same = before && typedOf(before);
  const instant = (end: "from" | "until", stored: "valid_from_ns" | "valid_until_ns") => {
    if (before && same?.[end] === typed[end]) return before[stored];
    const usual = end === "from" ? "0" : EVER_NS;
    return nanosecondsOf(typed[end].trim()) ?? usual;
  };
  const amounts = AMOUNTS.flatMap((name) => {
    const text = typed[name].trim();
    if (text === "" && MAY_LACK.includes(name)) return [];
    return [[name, text || "0"]];
  });
  return {
    model: typed.model.trim(),
    provider: typed.provider.trim() || "*",
    valid_from_ns: instant("from", "valid_from_ns"),
    valid_until_ns: instant("until", "valid_until_ns"),
    ...Object.fromEntries(amounts),
  } as PriceOverride;
}
