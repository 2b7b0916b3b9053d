/**
 * A filter's text as its terms, to show them one by one and to add or take away a value.
 *
 * Only the server says what a filter means, and what is wrong with it. This cuts at spaces outside
 * quotes and at commas, and leaves what it can't read as it was typed.
 */
export interface Term {
  /** As typed: `-tag:"a b",c`. */
  readonly text: string;
  /** Characters from here to there, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  readonly negated: boolean;
  /** null: words to be searched for in inputs and outputs. */
  readonly field: string | null;
  /** Unquoted; of a number with its comparison: `>3`. */
  readonly values: readonly string[];
}

export function termsOf(q: string): Term[] {
  const terms: Term[] = [];
  let at = 0;
  while (at < q.length) {
    if (/\s/.test(q[at] ?? "")) {
      at += 1;
      continue;
    }
    const end = endOf(q, at);
    terms.push(termAt(q.slice(at, end), at));
    at = end;
  }
  return terms;
}

function endOf(q: string, start: number): number {
  let at = start;
  let isQuoted = false;
  while (at < q.length) {
    const char = q[at] ?? "";
    if (char === "\\" && isQuoted) at += 1;
    else if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && /\s/.test(char)) break;
    at += 1;
  }
  return Math.min(at, q.length);
}

function termAt(text: string, start: number): Term {
  const negated = text.startsWith("-") && text.length > 1;
  const rest = negated ? text.slice(1) : text;
  const named = /^([A-Za-z_]\w*):/.exec(rest);
  const field = named?.[1]?.toLowerCase() ?? null;
  const values = named ? valuesOf(rest.slice(named[0].length)) : [unquoted(rest)];
  return { text, start, end: start + text.length, negated, field, values };
}

function valuesOf(text: string): string[] {
  const values: string[] = [];
  let value = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\\" && isQuoted) {
      value += char + (text[at + 1] ?? "");
      at += 1;
    } else if (char === "," && !isQuoted) {
      values.push(unquoted(value));
      value = "";
    } else {
      if (char === '"') isQuoted = !isQuoted;
      value += char;
    }
  }
  return [...values, unquoted(value)];
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  const inside = text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text.slice(1);
  return inside.replace(/\\(["\\])/g, "$1");
}

/** In quotes where it has to be. */
export function quoted(value: string): string {
  if (/^[\w./@+][\w./@+-]*$/.test(value)) return value;
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Of these one field may have several: a session has all of them, not one or the other. */
const ALL_OF = new Set(["tag"]);

/** Whether the filter asks for sessions that have this value. */
export function hasValue(q: string, field: string, value: string): boolean {
  return termsOf(q).some(
    (term) => term.field === field && !term.negated && term.values.includes(value),
  );
}

/** A second value of a field widens the filter (`a or b`); of a tag it narrows it. */
export function withValue(q: string, field: string, value: string): string {
  if (hasValue(q, field, value)) return q;
  const there = termsOf(q).find((term) => term.field === field && !term.negated);
  if (there && !ALL_OF.has(field)) {
    return spliced(q, there, `${there.text},${quoted(value)}`);
  }
  return `${q.trim()} ${field}:${quoted(value)}`.trim();
}

export function withoutValue(q: string, field: string, value: string): string {
  const there = termsOf(q).find(
    (term) => term.field === field && !term.negated && term.values.includes(value),
  );
  if (!there) return q;
  const left = there.values.filter((one) => one !== value);
  return spliced(q, there, left.length > 0 ? `${field}:${left.map(quoted).join(",")}` : "");
}

export function withoutTerm(q: string, term: Term): string {
  return spliced(q, term, "");
}

/** Without any term of the field, be it said or denied. */
export function withoutField(q: string, field: string): string {
  return termsOf(q)
    .filter((term) => term.field !== field)
    .map((term) => term.text)
    .join(" ");
}

/** The comparison stands instead of any other of the same field and direction; "" takes it away. */
export function withBound(q: string, field: string, sign: ">=" | "<=", value: string): string {
  const rest = termsOf(q)
    .filter((term) => !(term.field === field && term.values[0]?.startsWith(sign)))
    .map((term) => term.text);
  return [...rest, ...(value ? [`${field}:${sign}${value}`] : [])].join(" ");
}

export function boundOf(q: string, field: string, sign: ">=" | "<="): string {
  const term = termsOf(q).find((one) => one.field === field && one.values[0]?.startsWith(sign));
  return term?.values[0]?.slice(sign.length) ?? "";
}

function spliced(q: string, term: Term, instead: string): string {
  return `${q.slice(0, term.start)}${instead}${q.slice(term.end)}`
    .replace(/\s+/g, (gap) => (gap.length > 1 ? " " : gap))
    .trim();
}
