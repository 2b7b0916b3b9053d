/**
 * What the API says a figure is: a value with how many stand behind it and how sure that is.
 *
 * The shapes are those of `/openapi.json`. A rate can't be written here without its count and its
 * interval; where the server had none of them, that is said.
 */
import { exactCount, formatCount } from "./counts";
import { formatDuration } from "./durations";
import { between, DASH, fixed, numeric, signed, THIN } from "./locale";
import { formatUsd, formatUsdChange, usdDecimals } from "./money";

export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  readonly method: string;
}

export interface Estimate {
  readonly value: number | string | null;
  readonly n: number | null;
  readonly interval: Interval | null;
  readonly left_out?: number;
}

export type Verdict =
  | "better"
  | "worse"
  | "more_often"
  | "less_often"
  | "no_difference_found"
  | "not_enough_data";

export interface Difference {
  readonly value: number | string | null;
  readonly low: number | string | null;
  readonly high: number | string | null;
  readonly verdict: Verdict;
}

/** Below so many, a figure has no color and is hatched: a 100 % of 3 must not shine. */
export const FEW = 20;

/**
 * The units of the API (`rate`, `USD`, `s`, `tokens`, `calls`, `sessions`, `0 to 1`, …); what is
 * not known here is a plain number, without its word.
 */
export type Unit = "rate" | "USD" | "s" | "ms" | "tokens" | "calls" | "sessions" | (string & {});

export interface FormattedEstimate {
  /** `87 %`, `0 of 12`, `—` */
  readonly value: string;
  /** `[81, 92]`; "" where there is none. */
  readonly interval: string;
  /** `of 143`; "" where it is not of anything. */
  readonly n: string;
  /** All of it as one text. */
  readonly whole: string;
  /** Fewer than 20 stand behind it. */
  readonly few: boolean;
}

/** `unknown`: how many sessions have none, for a rate that can't be told because of that. */
export function formatEstimate(
  estimate: Estimate,
  unit: Unit,
  told: { unknown?: number; locale?: string } = {},
): FormattedEstimate {
  const { locale } = told;
  const value = numeric(estimate.value);
  const few = estimate.n !== null && estimate.n < FEW;
  if (value === null) return unknownEstimate(estimate, unit, told);
  const of = ofHowMany(estimate, locale);
  if (unit === "rate") {
    if (value === 0 && estimate.n !== null) {
      const none = `0 of ${formatCount(estimate.n, locale)}`;
      const interval = rateInterval(estimate.interval, 0, locale, `${THIN}%`);
      return { value: none, interval, n: of, whole: joined(none, interval), few };
    }
    const decimals = rateDecimals(value);
    const interval = rateInterval(estimate.interval, decimals, locale);
    const shown = formatShare(value, locale);
    // A percentage of nobody knows how many is not a rate that anyone should act on.
    const n = of || (interval ? "" : "(of how many is not told)");
    return { value: shown, interval, n, whole: joined(shown, interval, n), few };
  }
  const shown = formatFigure(value, unit, locale);
  const interval = figureInterval(estimate.interval, value, unit, locale);
  const n = unit === "sessions" ? "" : of;
  return { value: shown, interval, n, whole: joined(shown, interval, n), few };
}

/**
 * A share as percent: one decimal below 10 % and above 90 %, else none. `< 0.1 %` and `> 99.9 %`
 * where rounding would say none or all. Not for a screen by itself: `formatEstimate` is.
 */
export function formatShare(share: number, locale?: string): string {
  const decimals = rateDecimals(share);
  const percent = share * 100;
  if (percent > 0 && percent < 0.05) return `<${THIN}${fixed(0.1, 1, locale)}${THIN}%`;
  if (percent < 100 && percent >= 99.95) return `>${THIN}${fixed(99.9, 1, locale)}${THIN}%`;
  return `${fixed(percent, decimals, locale)}${THIN}%`;
}

/** One figure in its unit, without what makes it sure. Not for rates. */
export function formatFigure(value: number | string | null, unit: Unit, locale?: string): string {
  const number = numeric(value);
  if (number === null) return DASH;
  if (unit === "rate") return formatShare(number, locale);
  if (unit === "USD") return formatUsd(number, locale);
  if (unit === "s") return formatDuration({ s: number }, locale);
  if (unit === "ms") return formatDuration({ ms: number }, locale);
  if (unit === "0 to 1") return fixed(number, 2, locale);
  return formatCount(number, locale);
}

/** What a tooltip adds: the exact figure, the confidence and how the interval was made. */
export function explainEstimate(estimate: Estimate, unit: Unit, locale?: string): string {
  const parts: string[] = [];
  const value = numeric(estimate.value);
  if (value !== null && !["rate", "USD", "s", "ms", "0 to 1"].includes(unit)) {
    parts.push(exactCount(value, locale));
  }
  if (estimate.interval) {
    const sure = fixed(estimate.interval.confidence * 100, 0, locale);
    parts.push(`${sure}${THIN}% interval (${estimate.interval.method})`);
  } else if (value !== null && unit === "rate") {
    parts.push("no interval: too little data for one");
  }
  if (estimate.left_out) {
    parts.push(`${formatCount(estimate.left_out, locale)} left out: too few trials`);
  }
  if (estimate.n !== null && estimate.n < FEW && value !== null) {
    parts.push(`fewer than ${FEW}, so it may change much`);
  }
  return parts.join(" · ");
}

export interface FormattedDifference {
  /** `−17 pts` */
  readonly change: string;
  /** `[−38, +13]` */
  readonly interval: string;
  /** `not enough data` */
  readonly verdict: string;
  /** `▲` grew, `▼` shrank; "" where no difference was found. */
  readonly arrow: string;
  readonly whole: string;
}

/** `−17 pts [−38, +13] · not enough data` */
export function formatDifference(
  difference: Difference,
  unit: Unit,
  locale?: string,
): FormattedDifference {
  const verdict = difference.verdict.replaceAll("_", " ");
  const value = numeric(difference.value);
  if (value === null) {
    return { change: DASH, interval: "", verdict, arrow: "", whole: `${DASH} · ${verdict}` };
  }
  const low = numeric(difference.low);
  const high = numeric(difference.high);
  const scale = unit === "rate" ? 100 : 1;
  const parts = [value, low, high].filter((part) => part !== null).map((part) => part * scale);
  const change = changeText(value * scale, parts, unit, locale);
  const interval =
    low === null || high === null
      ? ""
      : `[${boundText(low * scale, parts, unit, locale)}${between(locale)}${boundText(high * scale, parts, unit, locale)}]`;
  const isFound = !["no_difference_found", "not_enough_data"].includes(difference.verdict);
  const arrow = !isFound || value === 0 ? "" : value > 0 ? "▲" : "▼";
  const whole = `${joined(change, interval)} · ${verdict}`;
  return { change, interval, verdict, arrow, whole };
}

function unknownEstimate(
  estimate: Estimate,
  unit: Unit,
  told: { unknown?: number; locale?: string },
): FormattedEstimate {
  const n = told.unknown
    ? `(${formatCount(told.unknown, told.locale)} unknown)`
    : estimate.n === null
      ? ""
      : unit === "rate"
        ? `(${formatCount(estimate.n, told.locale)} known)`
        : `of ${formatCount(estimate.n, told.locale)}`;
  return { value: DASH, interval: "", n, whole: joined(DASH, n), few: true };
}

function rateDecimals(share: number): number {
  const percent = share * 100;
  if (percent <= 0 || percent >= 100) return 0;
  return percent < 9.95 || percent > 90 ? 1 : 0;
}

function rateInterval(
  interval: Interval | null,
  decimals: number,
  locale?: string,
  sign = "",
): string {
  if (!interval) return "";
  const bound = (share: number) => {
    const percent = share * 100;
    return fixed(percent, percent <= 0 || percent >= 100 ? 0 : decimals, locale);
  };
  return `[${bound(interval.low)}${between(locale)}${bound(interval.high)}${sign}]`;
}

function figureInterval(
  interval: Interval | null,
  value: number,
  unit: Unit,
  locale?: string,
): string {
  if (!interval) return "";
  const bound = (number: number) => {
    if (unit === "USD") return fixed(number, Math.max(usdDecimals(value), finest(number)), locale);
    return formatFigure(number, unit, locale);
  };
  return `[${bound(interval.low)}${between(locale)}${bound(interval.high)}]`;
}

/** A bound of less than a cent keeps its figures, beside a value that has none. */
function finest(bound: number): number {
  return bound !== 0 && Math.abs(bound) < 0.00995 ? usdDecimals(bound) : 0;
}

function ofHowMany(estimate: Estimate, locale?: string): string {
  return estimate.n === null ? "" : `of ${formatCount(estimate.n, locale)}`;
}

function changeText(value: number, parts: number[], unit: Unit, locale?: string): string {
  if (unit === "rate") return `${signed(value, changeDecimals(parts), locale)}${THIN}pts`;
  if (unit === "USD") return formatUsdChange(value, locale);
  if (unit === "s" || unit === "ms") {
    const length = unit === "s" ? { s: value } : { ms: value };
    return value > 0 ? `+${formatDuration(length, locale)}` : formatDuration(length, locale);
  }
  return signed(value, changeDecimals(parts), locale);
}

function boundText(value: number, parts: number[], unit: Unit, locale?: string): string {
  if (unit === "USD") return signed(value, usdDecimals(value), locale);
  if (unit === "s" || unit === "ms") return changeText(value, parts, unit, locale);
  return signed(value, changeDecimals(parts), locale);
}

/** Enough decimals that nothing but a zero reads as one; the same for all of one difference. */
function changeDecimals(parts: number[]): number {
  const sizes = parts.map(Math.abs).filter((size) => size > 0);
  const least = Math.min(...sizes);
  if (sizes.length === 0 || least >= 0.95) return 0;
  return Math.min(6, Math.max(1, -Math.floor(Math.log10(least))));
}

function joined(...parts: string[]): string {
  return parts.filter(Boolean).join(" ");
}
