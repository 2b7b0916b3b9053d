/**
 * Search parameters as plain readable text: `?q=outcome:failure tool:bash&since=24h`.
 *
 * The router would write JSON. Each route turns the texts into its own types (`validateSearch`),
 * and leaves out what has its default, so that an address says only what was chosen.
 */
export type Texts = Record<string, string>;

export function parseAddress(search: string): Texts {
  const found: Texts = {};
  for (const [name, value] of new URLSearchParams(search)) found[name] = value;
  return found;
}

export function writeAddress(search: Record<string, unknown>): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === "" || value === false) continue;
    written.set(name, value === true ? "1" : String(value));
  }
  // Kept readable: these may stand as they are in a query.
  const text = written
    .toString()
    .replaceAll("%3A", ":")
    .replaceAll("%2C", ",")
    .replaceAll("%2F", "/")
    .replaceAll("%3E", ">")
    .replaceAll("%3C", "<");
  return text ? `?${text}` : "";
}

export function oneOf<T extends string>(value: unknown, known: readonly T[]): T | undefined {
  return known.find((one) => one === value);
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A whole number from `least` on, else undefined. */
export function count(value: unknown, least = 0): number | undefined {
  const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= least
    ? number
    : undefined;
}

/** `undefined` members left out, as `exactOptionalPropertyTypes` wants it. */
export function given<T extends Record<string, unknown>>(
  search: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const MARKS = "~/\\.";

/**
 * A name as one segment of a path, of the app and of the API: `~1` for "/", `~2` for a backslash,
 * `~0` for "~", and `~3` for the dots of "." and "..". Servers and browsers would read
 * these, also percent-encoded, as parts of the path.
 */
export function segment(name: string): string {
  const written = name.replaceAll(/[~/\\]/g, (mark) => `~${MARKS.indexOf(mark)}`);
  return /^\.{1,2}$/.test(written) ? written.replaceAll(".", "~3") : written;
}

/** The name that `segment` wrote. */
export function fromSegment(written: string): string {
  return written.replaceAll(/~[0-3]/g, (mark) => MARKS[Number(mark[1])] ?? mark);
}
