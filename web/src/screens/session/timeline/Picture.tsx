/**
 * The flame chart: a canvas that is as tall as what is in sight, over a space as tall as all lanes.
 *
 * Click selects, drag zooms to a stretch, Ctrl with the wheel zooms at the pointer, Shift with it
 * moves. Names of lanes, ticks and the tooltip are text of the page.
 */
import { type PointerEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { formatDuration } from "@/format";
import { HostileText } from "@/parts/HostileText";
import type { Model, Range } from "../model";
import { announced, nameOf } from "../spanWords";
import { inside, rowAt, type Shown, tickLabels, ticksOf, zoomed } from "./geometry";
import { Buffer, type Picture as Drawing, paint, placeOf, placer } from "./paint";
import { usePalette } from "./palette";
import { Tip } from "./Tip";
import css from "./View.module.css";

export interface PictureProps {
  readonly drawing: Drawing;
  readonly model: Model;
  readonly shown: Shown;
  readonly selected: number;
  readonly range: Range | null;
  /** While moving: nothing is written into the address. */
  readonly onMove: (shown: Shown) => void;
  /** A step of the way in: it can be gone back. */
  readonly onZoom: (shown: Shown) => void;
  readonly onSelect: (row: number) => void;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Pointed {
  readonly row: number;
  readonly x: number;
  readonly y: number;
}

export function Picture(props: PictureProps) {
  const { drawing, model, shown, selected } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const buffer = useRef(new Buffer());
  const palette = usePalette();
  const size = useSize(scroll);
  const [top, setTop] = useState(0);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const drag = useDrag(props, size);
  const ticks = useMemo(
    () => (size.width > 0 ? ticksOf(drawing.axis, shown, size.width) : []),
    [drawing.axis, shown, size.width],
  );
  const labels = useMemo(() => tickLabels(ticks), [ticks]);
  const pointedRow = pointed?.row ?? -1;

  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || size.width === 0) return;
    const scale = window.devicePixelRatio || 1;
    const frame = { shown, ...size, top, scale, selected, pointed: pointedRow, ticks };
    paint(context, drawing, palette, { ...frame, buffer: buffer.current });
  }, [drawing, palette, shown, size, top, selected, pointedRow, ticks]);

  useWheel(scroll, props, size);
  useRevealed(scroll, drawing, selected);

  const point = (event: PointerEvent<HTMLDivElement>) => {
    const at = placeIn(event);
    drag.move(at.x);
    const row = drag.isDragging ? null : rowAt(drawing, shown, size.width, at.x, at.y + top);
    setPointed(row === null ? null : { row, ...at });
  };
  const x = size.width > 0 ? placer(drawing, { shown, width: size.width }) : null;
  return (
    <div className={css.picture}>
      <div className={css.ticks} aria-hidden="true">
        {x &&
          ticks.map((us, at) => (
            <span key={us} style={{ left: x(us) }}>
              {labels[at]}
            </span>
          ))}
      </div>
      <div className={css.stage}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: keys and the table do the same. */}
        <div
          ref={scroll}
          className={css.lanes}
          data-dragging={drag.stretch ? true : undefined}
          onScroll={(event) => setTop(event.currentTarget.scrollTop)}
          onPointerMove={point}
          onPointerLeave={() => setPointed(null)}
          onPointerDown={(event) => drag.begin(event)}
          onPointerUp={(event) => {
            if (drag.end()) return;
            const at = placeIn(event);
            const row = rowAt(drawing, shown, size.width, at.x, at.y + top);
            if (row !== null) props.onSelect(row);
          }}
          onDoubleClick={() => pointed && props.onZoom(stretchOf(drawing, pointed.row))}
        >
          <div className={css.space} style={{ height: drawing.geometry.height }}>
            <canvas
              ref={canvas}
              className={css.canvas}
              width={Math.round(size.width * (window.devicePixelRatio || 1))}
              height={Math.round(size.height * (window.devicePixelRatio || 1))}
              style={{ width: size.width, height: size.height }}
              role="img"
              aria-label="Timeline of the session. Press t for the same as a table."
            />
            {drawing.geometry.names.map(({ group, top: at }) => (
              <span key={group.agent} className={css.lane} style={{ top: at }}>
                {group.agent < 0 ? (
                  "People"
                ) : (
                  <HostileText text={model.agents[group.agent] || "no agent told"} inline />
                )}
                {group.crowded && <em> more ran at once than there are lanes</em>}
              </span>
            ))}
          </div>
        </div>
        {x && <Folds drawing={drawing} x={x} width={size.width} />}
        {x && props.range && <Outside range={props.range} model={model} x={x} width={size.width} />}
        {drag.stretch && (
          <div
            className={css.drag}
            style={{ left: drag.stretch.left, width: drag.stretch.width }}
            aria-hidden="true"
          />
        )}
      </div>
      {pointed && <Tip model={model} {...pointed} width={size.width} />}
      <span className="visually-hidden" role="status">
        {selected >= 0 ? announced(model, selected) : ""}
      </span>
    </div>
  );
}

/** How the picture is drawn from a model and its lanes. */
export function drawingOf(
  model: Model,
  parts: Pick<Drawing, "lanes" | "axis" | "geometry">,
): Drawing {
  return {
    ...parts,
    columns: model,
    extentUs: model.extentUs,
    kinds: model.kinds,
    nameOf: (row) => nameOf(model, row),
  };
}

/** A span with a little room on both sides. */
export function stretchOf(drawing: Drawing, row: number): Shown {
  const place = placeOf(drawing, row);
  if (!place) return { from: 0, until: drawing.axis.length };
  const from = drawing.axis.at(place.fromUs);
  const until = drawing.axis.at(place.untilUs);
  const room = Math.max((until - from) * 0.1, 50);
  return inside({ from: from - room, until: until + room }, drawing.axis.length);
}

/** Room that the length of a fold takes, in pixels. */
const LABEL = 56;

function Folds({
  drawing,
  x,
  width,
}: {
  drawing: Drawing;
  x: (us: number) => number;
  width: number;
}) {
  let last = LABEL / 2;
  return (
    <div className={css.folds} aria-hidden="true">
      {drawing.axis.folds.map((fold) => {
        const left = x(fold.fromUs);
        const wide = x(fold.untilUs) - left;
        const middle = left + wide / 2;
        if (middle < last + LABEL || middle > width - LABEL / 2) return null;
        last = middle;
        const length = formatDuration({ ms: (fold.untilUs - fold.fromUs) / 1000 });
        return (
          <span key={fold.fromUs} style={{ left: middle }}>
            {wide > 160 ? (fold.person ? "waited " : "nothing ran ") : ""}
            {wide > 90 ? length : length.split(" ")[0]}
          </span>
        );
      })}
    </div>
  );
}

/** What is not in the chosen range of steps is dimmed. */
function Outside({
  range,
  model,
  x,
  width,
}: {
  range: Range;
  model: Model;
  x: (us: number) => number;
  width: number;
}) {
  const first = model.rowOfStep[range.from] ?? -1;
  const last = model.rowOfStep[Math.min(range.to, model.steps)] ?? -1;
  if (first < 0 || last < 0) return null;
  const from = x(model.startUs[first] ?? 0);
  const until = x((model.startUs[last] ?? 0) + Math.max(0, model.durationUs[last] ?? 0));
  return (
    <div aria-hidden="true">
      <div className={css.outside} style={{ left: 0, width: Math.max(0, Math.min(width, from)) }} />
      <div
        className={css.outside}
        style={{ left: Math.max(0, until), width: Math.max(0, width - Math.max(0, until)) }}
      />
    </div>
  );
}

function placeIn(event: PointerEvent<HTMLDivElement>): { x: number; y: number } {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function useSize(place: React.RefObject<HTMLDivElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const read = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    read();
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => observer.disconnect();
  }, [place]);
  return size;
}

/** Below so many pixels a drag is a click. */
const CLICK = 4;

function useDrag(props: PictureProps, size: Size) {
  const [ends, setEnds] = useState<{ from: number; to: number } | null>(null);
  const begun = useRef<number | null>(null);
  const stretch =
    ends && Math.abs(ends.to - ends.from) >= CLICK
      ? { left: Math.min(ends.from, ends.to), width: Math.abs(ends.to - ends.from) }
      : null;
  return {
    stretch,
    isDragging: ends !== null,
    begin(event: PointerEvent<HTMLDivElement>) {
      if (event.button !== 0 || event.pointerType === "touch") return;
      begun.current = placeIn(event).x;
    },
    move(to: number) {
      if (begun.current !== null) setEnds({ from: begun.current, to });
    },
    /** Whether it was a drag. */
    end(): boolean {
      begun.current = null;
      setEnds(null);
      if (!stretch) return false;
      const { shown, drawing } = props;
      const perPixel = (shown.until - shown.from) / size.width;
      const from = shown.from + stretch.left * perPixel;
      props.onZoom(inside({ from, until: from + stretch.width * perPixel }, drawing.axis.length));
      return true;
    },
  };
}

function useWheel(
  place: React.RefObject<HTMLDivElement | null>,
  props: PictureProps,
  size: Size,
): void {
  const latest = useRef({ props, size });
  useEffect(() => {
    latest.current = { props, size };
  });
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const turn = (event: WheelEvent) => {
      const { props: now, size: box } = latest.current;
      const { shown, drawing } = now;
      const isZoom = event.ctrlKey || event.metaKey;
      const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      if (!isZoom && Math.abs(sideways) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
      event.preventDefault();
      const perPixel = (shown.until - shown.from) / Math.max(1, box.width);
      const x = event.clientX - element.getBoundingClientRect().left;
      now.onMove(
        isZoom
          ? zoomed(
              shown,
              shown.from + x * perPixel,
              Math.exp(-event.deltaY / 300),
              drawing.axis.length,
            )
          : inside(
              { from: shown.from + sideways * perPixel, until: shown.until + sideways * perPixel },
              drawing.axis.length,
            ),
      );
    };
    // Passive listeners, which React's are, could not keep the page from zooming.
    element.addEventListener("wheel", turn, { passive: false });
    return () => element.removeEventListener("wheel", turn);
  }, [place]);
}

/** Scrolls to the lane of the selected span. */
function useRevealed(
  place: React.RefObject<HTMLDivElement | null>,
  drawing: Drawing,
  selected: number,
): void {
  useEffect(() => {
    const element = place.current;
    const at = selected >= 0 ? placeOf(drawing, selected)?.top : undefined;
    if (!element || at === undefined) return;
    if (at < element.scrollTop + 24) element.scrollTop = Math.max(0, at - 24);
    else if (at > element.scrollTop + element.clientHeight - 24) {
      element.scrollTop = at - element.clientHeight + 40;
    }
  }, [place, drawing, selected]);
}
