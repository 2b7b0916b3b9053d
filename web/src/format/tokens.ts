/**
 * Tokens of model calls. The input includes what was cached, the output what was reasoning.
 */
import { formatCount } from "./counts";

export interface TokenCounts {
  readonly input?: number | null;
  readonly cached?: number | null;
  readonly output?: number | null;
}

/** `37.3 k in (29.1 k cached) · 412 out`; "unknown" where nobody counted. */
export function formatTokens(counts: TokenCounts, locale?: string): string {
  const { input, cached, output } = counts;
  if (isMissing(input) && isMissing(output)) return "unknown";
  const part = cached ? ` (${formatCount(cached, locale)} cached)` : "";
  return `${formatCount(input, locale)} in${part} · ${formatCount(output, locale)} out`;
}

function isMissing(value: number | null | undefined): value is null | undefined {
  return value === null || value === undefined;
}
