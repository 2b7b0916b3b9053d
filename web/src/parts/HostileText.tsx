/**
 * The only way that a trace's text gets onto a screen: as text nodes, with `hostile.ts`'s escapes.
 *
 * No HTML, no links, no images. Long texts show their first and last 4,000 characters; the rest
 * comes in parts when asked for, so that ten megabytes never become one block of the page.
 */
import { useMemo, useState } from "react";
import { formatBytes } from "@/format";
import css from "./HostileText.module.css";
import { bytesOf, fold, type Piece, piecesOf, safeCut, visibleText } from "./hostile";

/** About 20 kB: above it, a text is folded. */
const LONG = 20_000;
const PART = 4_000;
/** What "show more" adds: a block of this size lays out in some milliseconds. */
const MORE = 64_000;

export interface HostileTextProps {
  readonly text: string;
  readonly mono?: boolean;
  /** Characters above which it is folded. */
  readonly max?: number;
  /** On one line, cut with an ellipsis by the width that there is; line breaks become spaces. */
  readonly inline?: boolean;
  /** Name of the file that "download" gives. */
  readonly filename?: string;
}

export function HostileText({
  text,
  mono = false,
  max = LONG,
  inline = false,
  filename = "text.txt",
}: HostileTextProps) {
  if (inline) return <InlineText text={text} mono={mono} max={Math.min(max, 600)} />;
  return <LongText text={text} mono={mono} max={max} filename={filename} />;
}

function InlineText({ text, mono, max }: { text: string; mono: boolean; max: number }) {
  const short = text.length > max ? `${text.slice(0, safeCut(text, max))}…` : text;
  return (
    <bdi className={`${css.inline} ${mono ? css.mono : ""}`} title={visibleText(text, max)}>
      <Pieces text={short.replaceAll(/[\t\r\n]+/g, " ")} />
    </bdi>
  );
}

function LongText({
  text,
  mono,
  max,
  filename,
}: {
  text: string;
  mono: boolean;
  max: number;
  filename: string;
}) {
  const [shown, setShown] = useState(0);
  const part = Math.max(1, Math.min(PART, Math.floor(max / 2)));
  const folded = useMemo(() => foldAll(text, max, part, shown), [text, max, part, shown]);
  const look = `${css.text} ${mono ? css.mono : ""}`;
  if (folded.gap === 0) {
    return (
      <bdi className={look} dir="auto">
        <Pieces text={text} />
      </bdi>
    );
  }
  return (
    <bdi className={look} dir="auto">
      {folded.parts.map((one) => (
        <Pieces key={one.from} text={one.text} />
      ))}
      <span className={css.gap}>
        {formatBytes(folded.gap)} between ·{" "}
        <button type="button" className={css.act} onClick={() => setShown((past) => past + MORE)}>
          {folded.rest > MORE ? "show more" : "show"}
        </button>{" "}
        ·{" "}
        <button type="button" className={css.act} onClick={() => download(text, filename)}>
          download {formatBytes(bytesOf(text))}
        </button>
      </span>
      <Pieces text={folded.tail} />
    </bdi>
  );
}

interface Shown {
  readonly parts: readonly { readonly from: number; readonly text: string }[];
  readonly tail: string;
  readonly gap: number;
  readonly rest: number;
}

/** The head in parts as they were asked for (each one keeps its block), the gap, and the tail. */
function foldAll(text: string, max: number, part: number, shown: number): Shown {
  // A picture in base64 is short once it is named, however long it was.
  if (text.length > max) {
    const pieces = piecesOf(text.slice(0, 2_000_000));
    const length = pieces.reduce(
      (sum, one) => sum + (one.kind === "data" ? 40 : one.text.length),
      0,
    );
    if (text.length <= 2_000_000 && length <= max && pieces.some((one) => one.kind === "data")) {
      return { parts: [{ from: 0, text }], tail: "", gap: 0, rest: 0 };
    }
  }
  const { head, tail, bytesBetween } = fold(text, max, part);
  if (bytesBetween === 0) return { parts: [{ from: 0, text }], tail: "", gap: 0, rest: 0 };
  const end = text.length - tail.length;
  const parts = [{ from: 0, text: head }];
  let at = head.length;
  while (at < end && at - head.length < shown) {
    const to = at + MORE >= end ? end : safeCut(text, at + MORE);
    parts.push({ from: at, text: text.slice(at, to) });
    at = to;
  }
  if (at >= end) return { parts: [{ from: 0, text }], tail: "", gap: 0, rest: 0 };
  return { parts, tail, gap: bytesOf(text, at, end), rest: end - at };
}

function Pieces({ text }: { text: string }) {
  const pieces = useMemo(() => piecesOf(text), [text]);
  return pieces.map((piece, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name, and never move.
    <PieceView key={index} piece={piece} />
  ));
}

function PieceView({ piece }: { piece: Piece }) {
  if (piece.kind === "text") return piece.text;
  if (piece.kind === "escape") return <span className={css.escape}>{piece.text}</span>;
  return (
    <span className={css.data}>
      {piece.media}, {formatBytes(piece.bytes)}, not shown
    </span>
  );
}

function download(text: string, filename: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = filename;
  link.click();
  // The browser has taken it by the next turn; kept longer, it would keep the text as well.
  setTimeout(() => URL.revokeObjectURL(address), 0);
}
