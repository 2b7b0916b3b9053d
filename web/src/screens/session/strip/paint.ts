/** The strip's picture: lanes, folded waits, cost and marks, in the colors of the theme. */
import { formatDuration } from "@/format";
import type { Model } from "../model";
import { type Axis, FOLD, type Fold } from "./axis";
import { type Bins, KINDS } from "./bins";

export const HEIGHT = 64;
const MARKS = 14; // px above the lanes
/** The cost has its own ground under the lanes: over them it would hide and be hidden. */
const COST = 11;
const FOOT = COST + 2;

export interface Palette {
  readonly kinds: readonly string[];
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly failure: string;
  readonly ground: string;
  readonly font: string;
}

/** Read anew when the theme changes. */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    kinds: KINDS.map((kind) => of(`--kind-${kind}`)),
    text: of("--text"),
    muted: of("--muted"),
    line: of("--line"),
    failure: of("--failure"),
    ground: of("--raised"),
    font: style.fontFamily,
  };
}

export interface Picture {
  readonly model: Model;
  readonly axis: Axis;
  readonly bins: Bins;
  /** Steps. */
  readonly handoffs: Int32Array;
  readonly palette: Palette;
  readonly scale: number;
}

export function laneHeight(lanes: number): number {
  return Math.min(22, (HEIGHT - MARKS - FOOT) / lanes);
}

/** Where the lanes begin: few of them stand in the middle. */
export function lanesTop(lanes: number): number {
  return MARKS + (HEIGHT - MARKS - FOOT - laneHeight(lanes) * lanes) / 2;
}

export function paint(canvas: CanvasRenderingContext2D, picture: Picture): void {
  const { axis, scale } = picture;
  canvas.setTransform(1, 0, 0, 1, 0, 0);
  canvas.clearRect(0, 0, canvas.canvas.width, canvas.canvas.height);
  paintLanes(canvas, picture);
  canvas.setTransform(scale, 0, 0, scale, 0, 0);
  if (picture.bins.knowsCost) paintCost(canvas, picture);
  for (const fold of axis.folds) paintFold(canvas, fold, picture);
  paintMarks(canvas, picture);
}

function paintLanes(canvas: CanvasRenderingContext2D, { bins, palette, scale }: Picture): void {
  const height = laneHeight(bins.lanes) * scale;
  const gap = height > 8 * scale ? 2 * scale : height > 4 * scale ? scale : 0;
  for (let lane = 0; lane < bins.lanes; lane++) {
    const top = Math.round(lanesTop(bins.lanes) * scale + lane * height);
    const tall = Math.max(1, Math.round(height - gap));
    const foot = Math.max(1, Math.round(Math.min(2 * scale, tall / 4)));
    const from = lane * bins.columns;
    runs(bins.around, from, bins.columns, (kind, x, wide) => {
      canvas.fillStyle = palette.kinds[kind - 1] ?? palette.muted;
      canvas.fillRect(x, top + tall - foot, wide, foot);
    });
    runs(bins.kind, from, bins.columns, (kind, x, wide) => {
      canvas.fillStyle = palette.kinds[kind - 1] ?? palette.muted;
      canvas.fillRect(x, top, wide, tall - foot - (foot > 1 ? 1 : 0));
    });
  }
}

function runs(
  values: Uint8Array,
  from: number,
  count: number,
  each: (value: number, at: number, length: number) => void,
): void {
  let at = 0;
  while (at < count) {
    const value = values[from + at] ?? 0;
    let end = at + 1;
    while (end < count && values[from + end] === value) end++;
    if (value > 0) each(value, at, end - at);
    at = end;
  }
}

function paintCost(canvas: CanvasRenderingContext2D, { bins, palette, axis }: Picture): void {
  const bottom = HEIGHT - 1.5;
  canvas.beginPath();
  const step = axis.width / bins.columns;
  for (let column = 0; column < bins.columns; column++) {
    const y = bottom - (bins.cost[column] ?? 0) * (COST - 2);
    if (column === 0) canvas.moveTo(0, y);
    else canvas.lineTo(column * step, y);
  }
  canvas.lineTo(axis.width, bottom - (bins.cost[bins.columns - 1] ?? 0) * (COST - 2));
  canvas.lineJoin = "round";
  canvas.strokeStyle = palette.muted;
  canvas.lineWidth = 1;
  canvas.stroke();
  canvas.lineTo(axis.width, bottom + 1);
  canvas.lineTo(0, bottom + 1);
  canvas.closePath();
  canvas.globalAlpha = 0.16;
  canvas.fillStyle = palette.muted;
  canvas.fill();
  canvas.globalAlpha = 1;
}

function paintFold(canvas: CanvasRenderingContext2D, fold: Fold, { palette, bins }: Picture): void {
  const top = MARKS + 12;
  canvas.fillStyle = palette.ground;
  canvas.fillRect(fold.x, MARKS - 1, FOLD, HEIGHT - MARKS + 1 - COST);
  canvas.strokeStyle = fold.person
    ? (palette.kinds[KINDS.indexOf("human")] ?? palette.muted)
    : palette.muted;
  canvas.lineWidth = 1;
  canvas.beginPath();
  const middle = lanesTop(bins.lanes) + (laneHeight(bins.lanes) * bins.lanes) / 2;
  const y = Math.max(top + 8, middle);
  for (let at = 0; at <= 5; at++) {
    const x = fold.x + 3 + (at * (FOLD - 6)) / 5;
    if (at === 0) canvas.moveTo(x, y);
    else canvas.lineTo(x, y + (at % 2 === 1 ? -4 : 4));
  }
  canvas.stroke();
  const length = formatDuration({ ns: (fold.untilUs - fold.fromUs) * 1000 }).split(" ");
  canvas.fillStyle = palette.muted;
  canvas.font = `9.5px ${palette.font}`;
  canvas.textAlign = "center";
  canvas.textBaseline = "alphabetic";
  canvas.fillText(length[0] ?? "", fold.x + FOLD / 2, y - 8, FOLD);
}

type Mark = "error" | "recovered" | "person" | "handoff";
const ROOM = 9; // px that a mark takes; nearer ones of one kind are merged

function paintMarks(canvas: CanvasRenderingContext2D, picture: Picture): void {
  const { model, axis } = picture;
  const at: { x: number; mark: Mark }[] = [];
  const add = (steps: Int32Array, mark: Mark) => {
    let last = Number.NEGATIVE_INFINITY;
    for (const step of steps) {
      const x = axis.start(model.rowOfStep[step] ?? 0);
      if (x - last < ROOM) continue;
      last = x;
      at.push({ x, mark });
    }
  };
  add(model.recovered, "recovered");
  add(picture.handoffs, "handoff");
  add(model.people, "person");
  add(model.errors, "error");
  // The loudest comes last and takes the place of what is under it.
  const taken: number[] = [];
  for (const { x, mark } of at.reverse()) {
    const there = Math.min(Math.max(x, 5), axis.width - 5);
    if (taken.some((other) => Math.abs(other - there) < ROOM)) continue;
    taken.push(there);
    paintMark(canvas, mark, there, picture);
  }
}

function paintMark(
  canvas: CanvasRenderingContext2D,
  mark: Mark,
  x: number,
  { palette, bins }: Picture,
): void {
  const y = MARKS / 2;
  const color =
    mark === "error"
      ? palette.failure
      : mark === "person"
        ? (palette.kinds[KINDS.indexOf("human")] ?? palette.text)
        : palette.muted;
  canvas.strokeStyle = color;
  canvas.fillStyle = color;
  canvas.lineWidth = mark === "error" ? 2 : 1.25;
  canvas.lineCap = "round";
  canvas.beginPath();
  if (mark === "error" || mark === "recovered") {
    const size = mark === "error" ? 3.5 : 2.5;
    canvas.moveTo(x - size, y - size);
    canvas.lineTo(x + size, y + size);
    canvas.moveTo(x + size, y - size);
    canvas.lineTo(x - size, y + size);
  } else if (mark === "handoff") {
    canvas.moveTo(x - 4, y - 2);
    canvas.lineTo(x + 4, y - 2);
    canvas.lineTo(x + 1.5, y - 4.5);
    canvas.moveTo(x + 4, y + 2);
    canvas.lineTo(x - 4, y + 2);
    canvas.lineTo(x - 1.5, y + 4.5);
  } else hand(canvas, x, y);
  canvas.stroke();
  if (mark === "error" || mark === "person") {
    canvas.globalAlpha = 0.35;
    canvas.lineWidth = 1;
    canvas.beginPath();
    canvas.moveTo(x, MARKS);
    canvas.lineTo(x, lanesTop(bins.lanes));
    canvas.stroke();
    canvas.globalAlpha = 1;
  }
}

/** A raised hand in 9 by 11 pixels: four fingers, palm, thumb. */
function hand(canvas: CanvasRenderingContext2D, x: number, y: number): void {
  const tops = [-3.5, -5, -4.5, -3];
  tops.forEach((top, at) => {
    const finger = x - 2.2 + at * 1.7;
    canvas.moveTo(finger, y + top);
    canvas.lineTo(finger, y + 1);
  });
  canvas.moveTo(x + 2.9, y + 1);
  canvas.quadraticCurveTo(x + 2.9, y + 5, x + 0.2, y + 5);
  canvas.quadraticCurveTo(x - 1.6, y + 5, x - 4.2, y + 0.8);
}
