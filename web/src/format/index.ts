/**
 * The only place that formats numbers, instants, money and rates. Pure: same input, same text.
 */
export { counted, exactCount, formatBytes, formatCount } from "./counts";
export { asTabs, type Cell, estimateCells, instantText } from "./data";
export { formatDuration, formatWithWaiting, type Length, seconds } from "./durations";
export {
  type Difference,
  type Estimate,
  explainEstimate,
  FEW,
  type FormattedDifference,
  type FormattedEstimate,
  formatDifference,
  formatEstimate,
  formatFigure,
  formatShare,
  type Interval,
  type Unit,
  type Verdict,
} from "./estimates";
export { shortId } from "./ids";
export {
  type At,
  explainInstant,
  type Fineness,
  formatAgo,
  formatInstant,
  formatSpan,
  formatTime,
  instantMs,
  zoneName,
} from "./instants";
export { DASH, MINUS, numeric, THIN } from "./locale";
export { formatMoney, formatUsd, formatUsdChange, type Usd } from "./money";
export { formatChangeTicks, formatTicks, type Tick } from "./ticks";
export { formatTokens, type TokenCounts } from "./tokens";
export { formatVersion } from "./versions";
