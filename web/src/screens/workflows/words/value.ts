/** A value of a manifest as text. Pure. */

/** A text as it is, what is not there as "", short values on one line, others laid out. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  const short = JSON.stringify(value);
  return short.length <= 80 ? short : JSON.stringify(value, null, 2);
}
