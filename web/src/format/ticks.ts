/**
 * Labels of an axis. No two are equal: where rounding makes them so, digits are added, and where
 * that doesn't help the tick is dropped.
 */
import { formatDuration } from "./durations";
import { formatFigure, type Unit } from "./estimates";
import { fixed, numbers, signed, THIN } from "./locale";

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export function formatTicks(values: readonly number[], unit: Unit, locale?: string): Tick[] {
  const known = values.filter((value) => Number.isFinite(value));
  for (let decimals = 0; decimals <= 8; decimals += 1) {
    const ticks = known.map((value) => ({ value, label: label(value, unit, decimals, locale) }));
    if (new Set(ticks.map((tick) => tick.label)).size === new Set(known).size) {
      return withoutRepeats(ticks);
    }
  }
  return withoutRepeats(known.map((value) => ({ value, label: label(value, unit, 8, locale) })));
}

/** Ticks of a difference: rates in points, each with its sign. `+10` · `0` · `−5` */
export function formatChangeTicks(values: readonly number[], unit: Unit, locale?: string): Tick[] {
  const known = values.filter((value) => Number.isFinite(value));
  const scale = unit === "rate" ? 100 : 1;
  let ticks: Tick[] = [];
  for (let decimals = 0; decimals <= 8; decimals += 1) {
    ticks = known.map((value) => ({ value, label: signed(value * scale, decimals, locale) }));
    if (new Set(ticks.map((tick) => tick.label)).size === new Set(known).size) break;
  }
  return withoutRepeats(ticks);
}

function label(value: number, unit: Unit, decimals: number, locale?: string): string {
  if (unit === "rate") return `${fixed(value * 100, decimals, locale)}${THIN}%`;
  if (unit === "USD") {
    return numbers(
      {
        style: "currency",
        currency: "USD",
        currencyDisplay: "narrowSymbol",
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      },
      locale,
    ).format(value);
  }
  if (unit === "s" || unit === "ms") {
    return decimals === 0
      ? formatDuration(unit === "s" ? { s: value } : { ms: value }, locale)
      : `${fixed(value, decimals, locale)}${THIN}${unit}`;
  }
  return decimals === 0 ? formatFigure(value, unit, locale) : fixed(value, decimals, locale);
}

function withoutRepeats(ticks: readonly Tick[]): Tick[] {
  const seen = new Set<string>();
  return ticks.filter((tick) => {
    if (seen.has(tick.label)) return false;
    seen.add(tick.label);
    return true;
  });
}
