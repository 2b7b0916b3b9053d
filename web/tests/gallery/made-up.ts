/** Figures and texts for the gallery. */
import type { Estimate } from "@/format";

export function rate(value: number | null, n: number | null): Estimate {
  if (value === null || n === null) return { value, n, interval: null };
  const z = 1.96;
  const middle = (value + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half =
    (z / (1 + (z * z) / n)) * Math.sqrt((value * (1 - value)) / n + (z * z) / (4 * n * n));
  return {
    value,
    n,
    interval: {
      low: Math.max(0, middle - half),
      high: Math.min(1, middle + half),
      confidence: 0.95,
      method: "wilson",
    },
  };
}

export const NASTY =
  "<script>alert(1)</script> pay \u202eevil\u202c · \u001b[31mred\u001b[0m · zero\u200bwidth · " +
  `half \ud83d pair · 👨‍👩‍👧 שלום · Z${"\u0336".repeat(30)} · javascript:alert(1) · ` +
  `data:image/png;base64,iVBORw0KGgo${"Qk1abc9+/XyZ".repeat(300)}== end`;

export function lots(): string {
  return Array.from({ length: 200 }, (_, line) => `line ${line}: error[E0597] does not live`).join(
    "\n",
  );
}
