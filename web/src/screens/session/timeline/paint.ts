/**
 * Paints the timeline: every bar of 100,000 in one pass over what is shown.
 *
 * Bars go into a buffer of pixels, a line of colors for each lane, so the work is bounded by the
 * size of the picture: bars below one pixel are merged, the kind that lasted longest in a column
 * wins it, and an error is never merged away. Only names, hatches and outlines are drawn as shapes.
 */
import type { Columns, SkeletonKind } from "../model/columns";
import { BAR, type Drawn, type Shown } from "./geometry";
import { endUs, firstShown } from "./lanes";

export interface Palette {
  /** By token of a kind, `#rrggbb`. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly bg: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly sunken: string;
  readonly primary: string;
  readonly failure: string;
  readonly font: string;
}

export interface Picture extends Drawn {
  readonly kinds: readonly SkeletonKind[];
  /** What stands in a bar. */
  nameOf(row: number): string;
}

export interface Frame {
  readonly shown: Shown;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** How far the lanes are scrolled. */
  readonly top: number;
  readonly scale: number;
  readonly selected: number;
  readonly pointed: number;
  /** Where ticks stand, µs since the start. */
  readonly ticks: readonly number[];
  /** Kept by the caller from frame to frame. */
  readonly buffer: Buffer;
}

/** Pixels of one size, reused. */
export class Buffer {
  image: ImageData | null = null;
  colors = new Uint32Array(0);
  marks = new Uint32Array(0);
  weights = new Float64Array(0);

  fit(width: number, height: number): ImageData {
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
      this.colors = new Uint32Array(width);
      this.marks = new Uint32Array(width);
      this.weights = new Float64Array(width);
    }
    return this.image;
  }
}

/** Names are drawn in bars from here on, in CSS pixels. */
const READABLE = 34;
const MARK = 3;

interface Wide {
  readonly row: number;
  readonly x: number;
  readonly width: number;
  readonly y: number;
}

export function paint(
  context: CanvasRenderingContext2D,
  picture: Picture,
  palette: Palette,
  frame: Frame,
): void {
  const width = Math.max(1, Math.round(frame.width * frame.scale));
  const height = Math.max(1, Math.round(frame.height * frame.scale));
  const image = frame.buffer.fit(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(0);
  const wide: Wide[] = [];
  const inks = inksOf(picture.kinds, palette);
  for (let lane = 0; lane < picture.lanes.count; lane++) {
    const y = (picture.geometry.tops[lane] ?? 0) - frame.top;
    if (y + BAR < 0 || y > frame.height) continue;
    laneColors(picture, frame, lane, y, width, inks, wide);
    copyLane(pixels, frame.buffer, width, height, Math.round(y * frame.scale), frame.scale);
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.putImageData(image, 0, 0);
  context.setTransform(frame.scale, 0, 0, frame.scale, 0, 0);
  paintGrid(context, picture, palette, frame);
  paintWide(context, picture, palette, wide);
  paintWaits(context, picture, palette, frame);
  outline(context, picture, palette, frame, frame.pointed, palette.text, 1);
  outline(context, picture, palette, frame, frame.selected, palette.primary, 2);
}

interface Inks {
  readonly byKind: Uint32Array;
  readonly failed: number;
  readonly recovered: number;
}

function inksOf(kinds: readonly SkeletonKind[], palette: Palette): Inks {
  return {
    byKind: Uint32Array.from(kinds, (kind) => ink(colorOf(kind, palette))),
    failed: ink(palette.failure),
    recovered: ink(palette.muted),
  };
}

/** The token of a kind of span or step. */
export function tokenOf(kind: SkeletonKind | undefined): string {
  if (kind === "user") return "human";
  if (kind === "handoff") return "agent";
  if (kind === undefined || kind === "session" || kind === "outcome") return "step";
  return kind;
}

export function colorOf(kind: SkeletonKind | undefined, palette: Palette): string {
  return palette.kinds[tokenOf(kind)] ?? palette.muted;
}

/** `#rrggbb` as a pixel of ImageData, whose bytes are red, green, blue, alpha. */
export function ink(color: string): number {
  const value = Number.parseInt(color.slice(1), 16);
  const [red, green, blue] = [(value >> 16) & 255, (value >> 8) & 255, value & 255];
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** One lane as a line of colors; what is wide enough for a name is told besides. */
function laneColors(
  picture: Picture,
  frame: Frame,
  lane: number,
  y: number,
  width: number,
  inks: Inks,
  wide: Wide[],
): void {
  const { colors, marks, weights } = frame.buffer;
  colors.fill(0);
  marks.fill(0);
  weights.fill(0);
  const { lanes, columns, axis } = picture;
  const { from, until } = frame.shown;
  const pixels = width / (until - from);
  const last = lanes.first[lane + 1] ?? 0;
  const begin = isCrowded(picture, lane)
    ? (lanes.first[lane] ?? 0)
    : firstShown(lanes, columns, lane, axis.us(from));
  for (let place = begin; place < last; place++) {
    const row = lanes.rows[place] ?? 0;
    const x0 = ((lanes.fromAt[row] ?? 0) - from) * pixels;
    if (x0 >= width) break;
    const x1 = ((lanes.untilAt[row] ?? 0) - from) * pixels;
    if (x1 < 0) continue;
    const color = inks.byKind[columns.kind[row] ?? 0] ?? 0;
    const mark = markOf(columns, row, inks);
    const left = Math.max(0, Math.floor(x0));
    if (x1 - x0 < 1.5) {
      merge(colors, weights, left, color, Math.max(0.02, x1 - x0));
      if (mark !== 0 && marks[left] !== inks.failed) marks[left] = mark;
      continue;
    }
    // A pixel stays free behind a bar, so that two neighbors don't look like one.
    const right = Math.min(width, Math.max(left + 1, Math.floor(x1) - (x1 - x0 > 4 ? 1 : 0)));
    colors.fill(color, left, right);
    if (mark !== 0) marks.fill(mark, left, right);
    const shownWidth = (right - left) / frame.scale;
    if (shownWidth >= READABLE || (mark !== 0 && shownWidth >= 6)) {
      wide.push({ row, x: left / frame.scale, width: shownWidth, y });
    }
  }
}

function isCrowded(picture: Picture, lane: number): boolean {
  return picture.lanes.groups.some(
    (group) => group.crowded && lane === group.firstLane + group.lanes - 1,
  );
}

function markOf(columns: Columns, row: number, inks: Inks): number {
  if (columns.error[row] !== 1) return 0;
  return (columns.episode[row] ?? 0) > 0 ? inks.recovered : inks.failed;
}

/** The color that lasted longest in a column, found in one pass. */
function merge(
  colors: Uint32Array,
  weights: Float64Array,
  at: number,
  color: number,
  weight: number,
): void {
  const kept = weights[at] ?? 0;
  if (colors[at] === color) weights[at] = kept + weight;
  else if (kept >= weight) weights[at] = kept - weight;
  else {
    colors[at] = color;
    weights[at] = weight - kept;
  }
}

function copyLane(
  pixels: Uint32Array,
  buffer: Buffer,
  width: number,
  height: number,
  y: number,
  scale: number,
): void {
  const tall = Math.round(BAR * scale);
  const marked = tall - Math.round(MARK * scale);
  for (let line = 0; line < tall; line++) {
    const at = y + line;
    if (at < 0 || at >= height) continue;
    pixels.set(buffer.colors, at * width);
    if (line < marked) continue;
    for (let x = 0; x < width; x++) {
      const mark = buffer.marks[x] ?? 0;
      if (mark !== 0) pixels[at * width + x] = mark;
    }
  }
}

function paintGrid(
  context: CanvasRenderingContext2D,
  picture: Picture,
  palette: Palette,
  frame: Frame,
): void {
  const x = placer(picture, frame);
  // Behind the bars, which are there already: names in them stay readable.
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = palette.line;
  for (const us of frame.ticks) context.fillRect(Math.round(x(us)), 0, 1, frame.height);
  const pattern = hatch(context, palette.line, 8);
  for (const fold of picture.axis.folds) {
    const left = x(fold.fromUs);
    const right = x(fold.untilUs);
    if (right < 0 || left > frame.width) continue;
    context.fillStyle = pattern;
    context.fillRect(left, 0, Math.max(2, right - left), frame.height);
  }
  context.globalCompositeOperation = "source-over";
}

function paintWide(
  context: CanvasRenderingContext2D,
  picture: Picture,
  palette: Palette,
  wide: readonly Wide[],
): void {
  const pattern = hatch(context, palette.bg, 6);
  context.font = `500 11px ${palette.font}`;
  context.textBaseline = "middle";
  for (const bar of wide) {
    if (picture.columns.error[bar.row] === 1) {
      context.fillStyle = pattern;
      context.globalAlpha = 0.45;
      context.fillRect(bar.x, bar.y, bar.width, BAR);
      context.globalAlpha = 1;
    }
    if (bar.width < READABLE) continue;
    context.fillStyle = palette.bg;
    const room = Math.floor((bar.width - 8) / 6.1);
    const name = picture.nameOf(bar.row);
    const text = name.length > room ? `${name.slice(0, Math.max(1, room - 1))}…` : name;
    context.fillText(text, bar.x + 4, bar.y + BAR / 2 + 0.5, bar.width - 6);
  }
}

function paintWaits(
  context: CanvasRenderingContext2D,
  picture: Picture,
  palette: Palette,
  frame: Frame,
): void {
  const x = placer(picture, frame);
  const color = palette.kinds.human ?? palette.text;
  const pattern = hatch(context, color, 5);
  let lastX = -10;
  let lastLane = -1;
  for (const wait of picture.lanes.waits) {
    const left = x(wait.fromUs);
    const right = Math.max(left + 3, x(wait.untilUs));
    if (right < 0 || left > frame.width) continue;
    if (right - left <= 3 && wait.lane === lastLane && left - lastX < 1) continue;
    lastX = left;
    lastLane = wait.lane;
    const y = (picture.geometry.tops[wait.lane] ?? 0) - frame.top;
    context.fillStyle = pattern;
    context.fillRect(left, y, right - left, BAR);
    context.fillStyle = color;
    // Where somebody answered; what still waits has an open end.
    if (!wait.pending) context.fillRect(right - 3, y, 3, BAR);
  }
}

function outline(
  context: CanvasRenderingContext2D,
  picture: Picture,
  palette: Palette,
  frame: Frame,
  row: number,
  color: string,
  line: number,
): void {
  const place = row < 0 ? null : placeOf(picture, row);
  if (!place) return;
  const x = placer(picture, frame);
  const left = x(place.fromUs);
  const width = Math.max(4, x(place.untilUs) - left);
  const y = place.top - frame.top;
  context.strokeStyle = palette.bg;
  context.lineWidth = line + 2;
  context.strokeRect(left, y, width, BAR);
  context.strokeStyle = color;
  context.lineWidth = line;
  context.strokeRect(left - 0.5, y - 0.5, width + 1, BAR + 1);
}

/** Where a row is drawn; null: nowhere. */
export function placeOf(
  picture: Drawn,
  row: number,
): { fromUs: number; untilUs: number; top: number } | null {
  const lane = picture.lanes.laneOf[row] ?? -1;
  if (lane >= 0) {
    return {
      fromUs: picture.columns.startUs[row] ?? 0,
      untilUs: endUs(picture.columns, row, picture.extentUs),
      top: picture.geometry.tops[lane] ?? 0,
    };
  }
  const wait = picture.lanes.waits.find((one) => one.row === row);
  if (!wait) return null;
  return { ...wait, top: picture.geometry.tops[wait.lane] ?? 0 };
}

/** From µs since the start to a pixel. */
export function placer(picture: Drawn, frame: Pick<Frame, "shown" | "width">) {
  const { from, until } = frame.shown;
  const pixels = frame.width / (until - from);
  return (us: number) => (picture.axis.at(us) - from) * pixels;
}

const hatches = new Map<string, CanvasPattern | string>();

function hatch(
  context: CanvasRenderingContext2D,
  color: string,
  apart: number,
): CanvasPattern | string {
  const key = `${color} ${apart}`;
  const kept = hatches.get(key);
  if (kept) return kept;
  const tile = document.createElement("canvas");
  tile.width = apart;
  tile.height = apart;
  const pen = tile.getContext("2d");
  if (!pen) return color;
  pen.strokeStyle = color;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const shift of [-apart, 0, apart]) {
    pen.moveTo(shift, apart);
    pen.lineTo(shift + apart, 0);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat") ?? color;
  hatches.set(key, pattern);
  return pattern;
}
