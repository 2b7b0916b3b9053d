/** A value of memory as text. Pure. */

/** On one line, to be cut: a text as it is, anything else as JSON. */
export function shortValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Whole: a text as it is, anything else as JSON over several lines. */
export function wholeValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
