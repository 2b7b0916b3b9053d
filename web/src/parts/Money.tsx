/** Dollars; unknown is never $0, and what has no price is said beside the sum. */
import { formatMoney, formatUsd, type Usd } from "@/format";
import css from "./Figures.module.css";

export interface MoneyProps {
  readonly usd: Usd;
  /** Calls without a price. */
  readonly unpriced?: number | null | undefined;
  /** All calls. */
  readonly calls?: number | null | undefined;
  /** In a narrow column: `≥ $12.40`, the rest in the tooltip. */
  readonly short?: boolean;
}

export function Money({ usd, unpriced, calls, short = false }: MoneyProps) {
  const whole = formatMoney(usd, unpriced, calls);
  const brief = whole.replace(/ \(.*\)$/, "");
  const shown = short ? brief : whole;
  const isUnknown = whole.startsWith("unknown");
  return (
    <span
      className={`${css.figure} ${isUnknown ? css.muted : ""}`}
      title={shown === whole ? exact(usd, whole) : whole}
    >
      {shown}
      {short && brief !== whole && (
        <span className="visually-hidden">{whole.slice(brief.length)}</span>
      )}
    </span>
  );
}

function exact(usd: Usd, shown: string): string | undefined {
  if (usd === null || usd === undefined || shown === formatUsd(null)) return undefined;
  return `${usd} USD`;
}
