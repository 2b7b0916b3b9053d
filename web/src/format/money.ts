/**
 * US dollars, which the API tells as decimal text.
 *
 * An unknown price is "unknown" and never $0. Where some calls have no price, the sum is a least
 * amount and says how many are missing.
 */
import { formatCount } from "./counts";
import { MINUS, numbers, numeric } from "./locale";

export type Usd = string | number | null | undefined;

/** `$1,204` · `$47.82` · `$0.00038` · `unknown` */
export function formatUsd(usd: Usd, locale?: string): string {
  const value = numeric(usd);
  return value === null ? "unknown" : dollars(value, locale, "negative");
}

/** `+$0.70` · `−$3.10` · `$0` */
export function formatUsdChange(usd: Usd, locale?: string): string {
  const value = numeric(usd);
  return value === null ? "unknown" : dollars(value, locale, "exceptZero");
}

/** `≥ $12.40 (2 of 96 calls unpriced)`; with no call priced, `unknown (96 calls unpriced)`. */
export function formatMoney(
  usd: Usd,
  unpriced: number | null | undefined = 0,
  calls: number | null | undefined = null,
  locale?: string,
): string {
  const amount = formatUsd(usd, locale);
  if (!unpriced) return amount;
  const missing =
    calls !== null && calls !== undefined && calls > unpriced
      ? `${formatCount(unpriced, locale)} of ${formatCount(calls, locale)} calls unpriced`
      : `${formatCount(unpriced, locale)} ${unpriced === 1 ? "call" : "calls"} unpriced`;
  const value = numeric(usd);
  // Nothing is known of a sum that no call has a price in: "≥ $0" would say less than nothing.
  if (value === null || (value === 0 && calls === unpriced)) return `unknown (${missing})`;
  return `≥ ${amount} (${missing})`;
}

/** The decimals that an amount of this size is shown with. */
export function usdDecimals(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || Number(size.toFixed(2)) >= 1000) return 0;
  if (size >= 0.00995) return 2;
  return Math.min(20, 1 - Math.floor(Math.log10(size)));
}

function dollars(
  value: number,
  locale: string | undefined,
  signDisplay: "negative" | "exceptZero",
): string {
  const decimals = usdDecimals(value);
  return numbers(
    {
      style: "currency",
      currency: "USD",
      currencyDisplay: "narrowSymbol",
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      signDisplay,
    },
    locale,
  )
    .format(value)
    .replace("-", MINUS);
}
