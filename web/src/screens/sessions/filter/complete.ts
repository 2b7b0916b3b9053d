/** What a filter could go on with, where the cursor stands. */
import { COMPARISONS, FIELDS, fieldOf } from "./fields";
import { quoted, termsOf } from "./terms";

export interface Completion {
  readonly id: string;
  /** What is shown, and what stands right of it. */
  readonly text: string;
  readonly aside: string;
  /** The filter with it, and where the cursor stands then. */
  readonly q: string;
  readonly cursor: number;
  /** More has to follow: a field without its value. */
  readonly isOpen: boolean;
}

export interface Known {
  readonly value: string;
  readonly sessions: number;
}

const MOST = 12;

/** `known` are the values of facets by field. Nothing for words that no field begins with. */
export function completions(
  q: string,
  cursor: number,
  known: Readonly<Record<string, readonly Known[]>>,
): Completion[] {
  const term = termsOf(q).find((one) => one.start < cursor && cursor <= one.end);
  const typed = term ? q.slice(term.start, cursor) : "";
  const start = term ? term.start : cursor;
  const end = term ? term.end : cursor;
  const read = /^(-?)([A-Za-z_]\w*):(.*)$/s.exec(typed);
  const put = (text: string, isOpen: boolean) => {
    const gap = isOpen || q.slice(end).startsWith(" ") ? "" : " ";
    return {
      q: `${q.slice(0, start)}${text}${gap}${q.slice(end)}`,
      cursor: start + text.length + gap.length,
      isOpen,
    };
  };
  if (!read) return ofFields(typed, put);
  const [, sign = "", name = "", value = ""] = read;
  const field = fieldOf(name.toLowerCase());
  if (!field) return [];
  if (field.isNumber) return value === "" ? ofComparisons(`${sign}${field.name}`, put) : [];
  const comma = lastComma(value);
  const before = value.slice(0, comma + 1);
  const part = value
    .slice(comma + 1)
    .replace(/^"/, "")
    .toLowerCase();
  const counted = new Map((known[field.name] ?? []).map((one) => [one.value, one.sessions]));
  const values = field.values
    ? [...field.values].sort((a, b) => (counted.get(b) ?? 0) - (counted.get(a) ?? 0))
    : [...counted.keys()];
  return values
    .filter((one) => one.toLowerCase().includes(part) && one.toLowerCase() !== part)
    .slice(0, MOST)
    .map((one) => ({
      id: `value ${one}`,
      text: one,
      aside: counted.has(one) ? String(counted.get(one)) : "",
      ...put(`${sign}${field.name}:${before}${quoted(one)}`, false),
    }));
}

type Put = (text: string, isOpen: boolean) => { q: string; cursor: number; isOpen: boolean };

function ofFields(typed: string, put: Put): Completion[] {
  const sign = typed.startsWith("-") ? "-" : "";
  const part = typed.slice(sign.length).toLowerCase();
  if (part.startsWith('"')) return [];
  const begins = FIELDS.filter((field) => field.name.startsWith(part));
  const holds = FIELDS.filter(
    (field) => part.length > 1 && !field.name.startsWith(part) && field.name.includes(part),
  );
  return [...begins, ...holds].slice(0, MOST).map((field) => ({
    id: `field ${field.name}`,
    text: `${sign}${field.name}:`,
    aside: field.means,
    ...put(`${sign}${field.name}:`, true),
  }));
}

function ofComparisons(name: string, put: Put): Completion[] {
  return COMPARISONS.map(({ sign, means }) => ({
    id: `comparison ${sign}`,
    text: `${name}:${sign}`,
    aside: means,
    ...put(`${name}:${sign}`, true),
  }));
}

function lastComma(value: string): number {
  let isQuoted = false;
  let found = -1;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === '"') isQuoted = !isQuoted;
    else if (char === "," && !isQuoted) found = at;
  }
  return found;
}
