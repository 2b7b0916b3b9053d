/**
 * The whole session as one band: lanes by agent, colors by kind, errors, people, handoffs, cost.
 *
 * A click selects, a drag chooses a range. The picture is painted when rows or width change; the
 * playhead and the range are moved over it, so that a step key paints nothing anew.
 */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { formatDuration } from "@/format";
import { visibleText } from "@/parts/hostile";
import { isInRange, type Model, useModel, useRange, useSelector, useSession } from "../model";
import { describeStep } from "../model/words";
import { type Axis, makeAxis } from "./axis";
import { binRows } from "./bins";
import { HEIGHT, laneHeight, lanesTop, paint, readPalette } from "./paint";
import css from "./Strip.module.css";

const LANES = 6;

export function Strip() {
  const model = useModel();
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const axis = useMemo(() => makeAxis(model, Math.max(1, width)), [model, width]);
  return (
    <div className={css.strip}>
      <LaneNames model={model} />
      <div ref={place} className={css.band}>
        {width > 0 && <Band model={model} axis={axis} />}
      </div>
    </div>
  );
}

function Band({ model, axis }: { model: Model; axis: Axis }) {
  return (
    <>
      <Painted model={model} axis={axis} />
      <Chosen model={model} axis={axis} />
      <Playhead model={model} axis={axis} />
    </>
  );
}

function Painted({ model, axis }: { model: Model; axis: Axis }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scale = typeof window === "undefined" ? 1 : window.devicePixelRatio || 1;
  const handoffs = useSelector((state) => state.told?.handoffs) ?? model.handoffs;
  const bins = useMemo(() => binRows(model, axis, scale, LANES), [model, axis, scale]);
  useLayoutEffect(() => {
    const draw = () => {
      const element = canvas.current;
      const context = element?.getContext("2d");
      if (!element || !context) return;
      paint(context, { model, axis, bins, handoffs, scale, palette: readPalette(element) });
    };
    draw();
    window.addEventListener("quarterdeck:theme", draw);
    return () => window.removeEventListener("quarterdeck:theme", draw);
  }, [model, axis, bins, handoffs, scale]);
  return (
    <canvas
      ref={canvas}
      className={css.canvas}
      width={bins.columns}
      height={Math.round(HEIGHT * scale)}
      aria-hidden
    />
  );
}

/** Dims what is outside of the range. */
function Chosen({ model, axis }: { model: Model; axis: Axis }) {
  const range = useRange();
  if (!range) return null;
  const from = axis.start(model.rowOfStep[Math.min(range.from, model.steps)] ?? 0);
  const last = model.rowOfStep[Math.min(range.to, model.steps)] ?? 0;
  const to = Math.max(axis.end(last), axis.start(last) + 2);
  return (
    <>
      <div className={css.outside} style={{ left: 0, width: from }} />
      <div className={css.outside} style={{ left: to, width: Math.max(0, axis.width - to) }} />
    </>
  );
}

/** The slider: where one is. Moved without React, from the store. */
function Playhead({ model, axis }: { model: Model; axis: Axis }) {
  const store = useSession();
  const slider = useRef<HTMLDivElement>(null);
  const line = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const move = () => {
      const { step } = store.state;
      const x = axis.start(model.rowOfStep[step] ?? 0);
      if (line.current) line.current.style.transform = `translateX(${Math.round(x)}px)`;
      slider.current?.setAttribute("aria-valuenow", String(step));
      slider.current?.setAttribute("aria-valuetext", describeStep(model, step));
    };
    move();
    return store.subscribe(move);
  }, [store, model, axis]);
  const hint = useRef<HTMLDivElement>(null);
  const drag = useDrag(axis);
  const keys: Record<string, () => void> = {
    ArrowRight: () => store.go("next"),
    ArrowUp: () => store.go("next"),
    ArrowLeft: () => store.go("previous"),
    ArrowDown: () => store.go("previous"),
    PageUp: () => store.select(store.state.step - 10),
    PageDown: () => store.select(store.state.step + 10),
    Home: () => store.select(1),
    End: () => store.select(model.steps),
  };
  return (
    <div
      ref={slider}
      className={css.slider}
      role="slider"
      tabIndex={0}
      aria-label="Step of the session"
      aria-valuemin={1}
      aria-valuemax={model.steps}
      aria-valuenow={1}
      onPointerDown={drag.down}
      onPointerMove={(event) => {
        drag.move(event);
        showHint(hint.current, event, model, axis);
      }}
      onPointerUp={drag.up}
      onPointerLeave={() => hint.current?.setAttribute("data-shown", "false")}
      onKeyDown={(event) => {
        const act = keys[event.key];
        if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        event.stopPropagation();
        act();
      }}
    >
      <div ref={line} className={css.line} />
      <div ref={hint} className={css.hint} data-shown="false" />
    </div>
  );
}

function showHint(
  hint: HTMLDivElement | null,
  event: React.PointerEvent<HTMLElement>,
  model: Model,
  axis: Axis,
): void {
  if (!hint || event.pointerType === "touch") return;
  const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
  const fold = axis.folds.find((one) => x >= one.x && x <= one.x + 30);
  hint.textContent = fold
    ? `${formatDuration({ ns: (fold.untilUs - fold.fromUs) * 1000 })} ${fold.person ? "waiting for a person" : "in which nothing ran"}`
    : describeStep(model, axis.stepAt(x));
  hint.dataset.shown = "true";
  const half = hint.offsetWidth / 2;
  hint.style.transform = `translateX(${Math.min(Math.max(x - half, 0), axis.width - 2 * half)}px)`;
}

function useDrag(axis: Axis) {
  const store = useSession();
  const from = useRef<{ x: number; moved: boolean } | null>(null);
  const at = (event: React.PointerEvent<HTMLElement>) =>
    event.clientX - event.currentTarget.getBoundingClientRect().left;
  return {
    down(event: React.PointerEvent<HTMLElement>) {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      from.current = { x: at(event), moved: false };
    },
    move(event: React.PointerEvent<HTMLElement>) {
      const begin = from.current;
      if (!begin) return;
      const x = at(event);
      if (!begin.moved && Math.abs(x - begin.x) < 5) return;
      begin.moved = true;
      store.setRange({ from: axis.stepAt(begin.x), to: axis.stepAt(x) });
    },
    up(event: React.PointerEvent<HTMLElement>) {
      const begin = from.current;
      from.current = null;
      if (!begin) return;
      if (!begin.moved) store.select(axis.stepAt(at(event)));
      else {
        const { range, step } = store.state;
        if (range && !isInRange(range, step)) store.select(range.from);
      }
    },
  };
}

function LaneNames({ model }: { model: Model }) {
  const lanes = Math.max(1, Math.min(LANES, model.lanes.length));
  if (laneHeight(lanes) < 11) {
    return (
      <div className={css.names} style={{ paddingTop: lanesTop(lanes) }}>
        {model.lanes.length} agents
      </div>
    );
  }
  return (
    <div className={css.names} style={{ paddingTop: lanesTop(lanes) }} aria-hidden>
      {model.lanes.slice(0, lanes).map((lane) => (
        <div
          key={lane.agent}
          className={css.name}
          style={{ height: laneHeight(lanes), lineHeight: `${laneHeight(lanes) - 2}px` }}
          title={visibleText(lane.name, 200)}
        >
          {visibleText(lane.name, 60) || "no agent"}
        </div>
      ))}
    </div>
  );
}

function useWidth(place: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    setWidth(element.clientWidth);
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, [place]);
  return width;
}
