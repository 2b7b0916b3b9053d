/**
 * The viewer's language for numbers and dates, and the signs that every format shares.
 *
 * Formatters are kept, because making one takes longer than a hundred uses. Nothing here is for
 * copies as data: those are written by `data.ts`, without any language.
 */

/** What stands where nothing is known that could be shown as a figure. */
export const DASH = "—";
export const MINUS = "\u2212";
/** Between a figure and its unit: never broken over two lines. */
export const THIN = "\u00a0";

/** The first language that the browser asks for; English where there is no browser. */
export function viewerLocale(): string {
  if (typeof window === "undefined") return "en";
  return window.navigator.languages?.[0] ?? window.navigator.language ?? "en";
}

const kept = new Map<string, Intl.NumberFormat>();

export function numbers(options: Intl.NumberFormatOptions, locale?: string): Intl.NumberFormat {
  const language = locale ?? viewerLocale();
  const key = `${language} ${JSON.stringify(options)}`;
  let found = kept.get(key);
  if (!found) {
    try {
      found = new Intl.NumberFormat(language, options);
    } catch {
      // A browser may ask for a language tag that Intl refuses ("C", "en_US@posix").
      found = new Intl.NumberFormat("en", options);
    }
    kept.set(key, found);
  }
  return found;
}

/** A number with exactly so many decimals; U+2212 for minus, and no minus before a zero. */
export function fixed(value: number, decimals: number, locale?: string): string {
  const text = numbers(
    { minimumFractionDigits: decimals, maximumFractionDigits: decimals, signDisplay: "negative" },
    locale,
  ).format(value);
  return text.replace("-", MINUS);
}

/** `+4`, `−17`; a zero has no sign. */
export function signed(value: number, decimals: number, locale?: string): string {
  const text = fixed(Math.abs(value), decimals, locale);
  const isZero = Number(Math.abs(value).toFixed(decimals)) === 0;
  return isZero ? text : `${value < 0 ? MINUS : "+"}${text}`;
}

/** Parts two numbers of an interval: a comma would read as a decimal one in half of Europe. */
export function between(locale?: string): string {
  const decimal = numbers({}, locale)
    .formatToParts(0.5)
    .find((part) => part.type === "decimal")?.value;
  return decimal === "." ? ", " : "; ";
}

/** A figure of the API: a number, decimal text, or nothing; NaN and infinities count as nothing. */
export function numeric(value: number | string | null | undefined): number | null {
  if (value === null || value === undefined || value === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
