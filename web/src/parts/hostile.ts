/**
 * Text of strangers, made safe to look at.
 *
 * Traces hold what models, tools and web pages wrote. What would change how the rest of a line
 * reads (bidi overrides), hide something (zero-width, tag characters) or drive a terminal is shown
 * as an escape. Nothing is removed, nothing is decoded, and no size freezes a page.
 */

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  /** Shown muted, so that it can't be taken for something that was written: `⟨U+202E⟩`. */
  | { readonly kind: "escape"; readonly text: string }
  /** Named, not shown: `image/png, 1.2 MB`. */
  | { readonly kind: "data"; readonly media: string; readonly bytes: number };

/** After so many marks in one block the rest are written into the text: 10,000 spans are slow. */
const MOST_MARKS = 1_000;
/** More combining marks on one letter than any language has. */
const MOST_ACCENTS = 6;

// Everything of the general category Cc but tab and line feed; bidi controls and isolates; joiners
// and zero-width; line separators; Hangul and other fillers that have no ink; interlinear notes;
// variation selectors but 15 and 16, and tags, both of which can smuggle whole texts; halves of
// surrogate pairs.
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /\u001b\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}]|[\u{e0000}-\u{e0fff}]|\u034f|\u17b4|\u17b5|[\u180b-\u180d]|\u180f|[\ufe00-\ufe0d]|\p{Cs}|\p{M}{7,}/gu;

// Asked of single characters from their beginning: Chromium 150 does not find a class of characters
// above U+FFFF at the end of a text (`/[\u{1f468}]$/u` of that very character is false there).
const PICTURE = /^(?:[\p{Extended_Pictographic}\p{Emoji_Modifier}]|\ufe0f)/u;
const JOINING =
  /^[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Mongolian}]/u;

/** In order; their texts, put together, are the text as it may be shown. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const blob of blobsOf(text)) {
    addText(pieces, text.slice(at, blob.from));
    pieces.push({ kind: "data", media: blob.media, bytes: blob.bytes });
    at = blob.to;
  }
  addText(pieces, text.slice(at));
  return pieces;
}

/** One plain string for labels, titles and tooltips; at most `max` characters. */
export function visibleText(text: string, max = 300): string {
  const cut = text.length > max ? `${text.slice(0, safeCut(text, max))}…` : text;
  return piecesOf(cut)
    .map((piece) => (piece.kind === "data" ? `[${piece.media}]` : piece.text))
    .join("");
}

function addText(pieces: Piece[], raw: string): void {
  if (raw === "") return;
  const text = raw.replaceAll("\r\n", "\n");
  let at = 0;
  let marks = pieces.filter((piece) => piece.kind === "escape").length;
  let plain = "";
  for (const found of text.matchAll(HIDDEN)) {
    const shown = escapeOf(found[0], text, found.index);
    if (shown === null) continue;
    plain += text.slice(at, found.index);
    at = found.index + found[0].length;
    const last = pieces.at(-1);
    if (plain === "" && last?.kind === "escape" && last.text.length < 400) {
      pieces[pieces.length - 1] = { kind: "escape", text: last.text + shown };
    } else if (marks >= MOST_MARKS) {
      plain += shown;
    } else {
      if (plain !== "") pieces.push({ kind: "text", text: plain });
      plain = "";
      pieces.push({ kind: "escape", text: shown });
      marks += 1;
    }
  }
  plain += text.slice(at);
  if (plain !== "") pieces.push({ kind: "text", text: plain });
}

/** null: it belongs where it stands, as a joiner does in a family or in Persian. */
function escapeOf(hidden: string, text: string, index: number): string | null {
  if (hidden.startsWith("\u001b[")) return `⟨ESC${hidden.slice(1)}⟩`;
  if (/^\p{M}/u.test(hidden) && [...hidden].length > MOST_ACCENTS) {
    return `⟨${[...hidden].length} combining marks⟩`;
  }
  if (hidden === "\u200d" || hidden === "\u200c") {
    const before = characterBefore(text, index);
    const after = text.slice(index + 1, index + 3);
    if (hidden === "\u200d" && PICTURE.test(before) && /^\p{Extended_Pictographic}/u.test(after)) {
      return null;
    }
    if (JOINING.test(before) || (/^\p{M}/u.test(before) && /^\p{L}/u.test(after))) return null;
  }
  if (hidden === "\u001b") return "⟨ESC⟩";
  const code = hidden.codePointAt(0) ?? 0;
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

function characterBefore(text: string, index: number): string {
  return index > 0 ? text.slice(safeCut(text, index - 1), index) : "";
}

/** What is shown of a long text before somebody asks for more. */
export interface Folded {
  readonly head: string;
  readonly tail: string;
  /** Between the two, as UTF-8; 0 where nothing is left out. */
  readonly bytesBetween: number;
}

/** First and last `part` characters of a text longer than `max`; never half a surrogate pair. */
export function fold(text: string, max: number, part: number): Folded {
  if (text.length <= Math.max(max, 2 * part)) return { head: text, tail: "", bytesBetween: 0 };
  const from = safeCut(text, part);
  const to = safeCut(text, text.length - part);
  return { head: text.slice(0, from), tail: text.slice(to), bytesBetween: bytesOf(text, from, to) };
}

/** The cut at or before `at` that leaves no half of a surrogate pair. */
export function safeCut(text: string, at: number): number {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  const splits = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return splits ? at - 1 : at;
}

/** As UTF-8. Above 1 MB by the density of the first part: exact bytes would cost more than help. */
export function bytesOf(text: string, from = 0, to = text.length): number {
  const SURE = 1_000_000;
  const length = to - from;
  const bytes = new TextEncoder().encode(text.slice(from, Math.min(to, from + SURE))).length;
  return length <= SURE ? bytes : Math.round((bytes / SURE) * length);
}

interface Blob64 {
  readonly from: number;
  readonly to: number;
  readonly media: string;
  readonly bytes: number;
}

/** A run this long of the base64 alphabet, with all of its kinds of letters, is no prose. */
const LEAST_BLOB = 512;
const BASE64 = /[A-Za-z0-9+/]/;
const SIGNATURES: readonly [string, string][] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp or audio/wav"],
  ["JVBERi0", "application/pdf"],
  ["SUQz", "audio/mpeg"],
  ["T2dnUw", "audio/ogg"],
  ["UEsDB", "application/zip"],
  ["H4sI", "application/gzip"],
];

/**
 * Every run of `LEAST_BLOB` holds a place that is a multiple of it, so looking at those finds all
 * of them without reading ten million characters one by one.
 */
function blobsOf(text: string): Blob64[] {
  const found: Blob64[] = [];
  let at = LEAST_BLOB - 1;
  while (at < text.length) {
    if (!BASE64.test(text[at] ?? "")) {
      at += LEAST_BLOB;
      continue;
    }
    let from = at;
    const least = found.at(-1)?.to ?? 0;
    while (from > least && BASE64.test(text[from - 1] ?? "")) from -= 1;
    let to = at + 1;
    while (to < text.length && BASE64.test(text[to] ?? "")) to += 1;
    const end = to;
    while (to < end + 2 && text[to] === "=") to += 1;
    if (to - from >= LEAST_BLOB && looksEncoded(text.slice(from, Math.min(end, from + 4096)))) {
      const prefix = /data:([\w.+-]{1,64}\/[\w.+-]{1,64})?(;[\w=.-]{1,64}){0,4};base64,$/.exec(
        text.slice(Math.max(0, from - 400), from),
      );
      found.push({
        from: from - (prefix?.[0].length ?? 0),
        to,
        media: prefix?.[1] ?? mediaOf(text, from),
        bytes: Math.floor(((end - from) * 3) / 4),
      });
    }
    at = Math.max(to, at) + LEAST_BLOB;
  }
  return found;
}

function looksEncoded(sample: string): boolean {
  const letters = new Set(sample);
  return letters.size > 16 && /[a-z]/.test(sample) && /[A-Z]/.test(sample) && /[0-9]/.test(sample);
}

function mediaOf(text: string, from: number): string {
  const start = text.slice(from, from + 16);
  return SIGNATURES.find(([sign]) => start.startsWith(sign))?.[1] ?? "base64 data";
}
