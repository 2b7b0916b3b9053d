/**
 * Where the time went: every span as a bar, by agent and by what ran at once; below it the sums.
 *
 * The zoom stands in the address as µs of the session. What moves with the pointer is written there
 * once it rests.
 */
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { oneOf } from "@/app/address";
import { useKeys } from "@/app/keys/useKeys";
import { counted, formatDuration } from "@/format";
import { Button, ToggleButton } from "@/parts/Button";
import { KindMark } from "@/parts/KindMark";
import { Empty, Failed, Loading } from "@/parts/States";
import { type Model, shownKind, useModel, useRange, useSession, useStep } from "../model";
import { makeAxis } from "./folds";
import { inside, measure, readZoom, type Shown, writeZoom, zoomed } from "./geometry";
import { OwnTimeTable } from "./OwnTimeTable";
import { BYS, type By, type Stretch } from "./ownTime";
import { drawingOf, Picture, stretchOf } from "./Picture";
import { SpanTable } from "./SpanTable";
import { useLayout } from "./useLayout";
import css from "./View.module.css";

export function View() {
  const model = useModel();
  if (model.count === 0) {
    return (
      <Empty title="No span has arrived yet">
        <p>The timeline draws each span as a bar as soon as it is there.</p>
      </Empty>
    );
  }
  return <Timeline model={model} />;
}

interface Search {
  zoom?: string | undefined;
  by?: string | undefined;
}

function Timeline({ model }: { model: Model }) {
  const search = useSearch({ strict: false }) as Search;
  const write = useWriter();
  const by: By = oneOf(search.by, BYS) ?? "kind";
  const [drawnModel, setDrawnModel] = useState(model);
  const axis = useMemo(() => makeAxis(drawnModel.idle, drawnModel.extentUs), [drawnModel]);
  const zoom = useZoom(search.zoom, axis, write);
  const { shown } = zoom;
  const within = useMemo(
    (): Stretch => ({ fromUs: axis.us(zoom.settled.from), untilUs: axis.us(zoom.settled.until) }),
    [axis, zoom.settled.from, zoom.settled.until],
  );
  const layout = useLayout(model, within, by);
  const { lanes, model: laid } = layout;
  // The axis is that of the bars: both change together when rows arrive.
  if (laid && laid !== drawnModel) setDrawnModel(laid);
  const geometry = useMemo(() => (lanes ? measure(lanes) : null), [lanes]);
  const drawing = useMemo(
    () => (laid && lanes && geometry ? drawingOf(laid, { lanes, geometry, axis }) : null),
    [laid, lanes, geometry, axis],
  );
  const [isTable, setTable] = useState(false);
  const { row: selected, select } = useSelected(model);
  const range = useRange();
  const open = useReplay(model, selected);
  const around = (shown.from + shown.until) / 2;
  const width = shown.until - shown.from;
  useKeys({
    zoomIn: () => zoom.move(zoomed(shown, around, 1.6, axis.length)),
    zoomOut: () => zoom.move(zoomed(shown, around, 1 / 1.6, axis.length)),
    zoomAll: () => zoom.enter({ from: 0, until: axis.length }),
    zoomTo: () => drawing && selected >= 0 && zoom.enter(stretchOf(drawing, selected)),
    zoomBack: zoom.back,
    earlier: () => zoom.move(moved(shown, -width / 4, axis.length)),
    later: () => zoom.move(moved(shown, width / 4, axis.length)),
    table: () => setTable((before) => !before),
    open,
  });
  if (layout.failure) return <Failed error={layout.failure} what="The timeline stopped." />;
  const isWhole = zoom.settled.from <= 0 && zoom.settled.until >= axis.length;
  return (
    <div className={css.page}>
      <div className={css.bar}>
        <Legend model={model} />
        <span className={css.acts}>
          {!isWhole && (
            <>
              <span className={css.note}>
                {formatDuration({ ms: (within.untilUs - within.fromUs) / 1000 })} of{" "}
                {formatDuration({ ms: model.extentUs / 1000 })}
              </span>
              <Button size="small" look="quiet" onPress={zoom.back}>
                Zoom back
              </Button>
              <Button
                size="small"
                look="quiet"
                onPress={() => zoom.enter({ from: 0, until: axis.length })}
              >
                Whole session
              </Button>
            </>
          )}
          <ToggleButton size="small" isSelected={isTable} onChange={setTable}>
            As table
          </ToggleButton>
        </span>
      </div>
      {isTable ? (
        <SpanTable model={model} within={within} />
      ) : drawing && laid ? (
        <Picture
          drawing={drawing}
          model={laid}
          shown={shown}
          selected={selected}
          range={range}
          onMove={zoom.move}
          onZoom={zoom.enter}
          onSelect={select}
        />
      ) : (
        <Loading rows={8} rowHeight="compact" what={`laying out ${counted(model.count, "span")}`} />
      )}
      <OwnTimeTable
        table={layout.table}
        by={by}
        setBy={(chosen) => write({ by: chosen === "kind" ? undefined : chosen }, true)}
        model={model}
        isWhole={isWhole}
      />
    </div>
  );
}

function moved(shown: Shown, by: number, length: number): Shown {
  return inside({ from: shown.from + by, until: shown.until + by }, length);
}

function Legend({ model }: { model: Model }) {
  const kinds = [...new Set(model.kinds.map(shownKind))];
  return (
    <ul className={css.legend} aria-label="Kinds">
      {kinds.map((kind) => (
        <li key={kind}>
          <KindMark kind={kind} />
        </li>
      ))}
      <li className={css.failed}>▁ failed</li>
      <li className={css.note}>▁ recovered</li>
    </ul>
  );
}

type Write = (search: Search, isReplaced: boolean) => void;

function useWriter(): Write {
  const navigate = useNavigate();
  return (search, isReplaced) =>
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => ({ ...before, ...search }),
      replace: isReplaced,
      resetScroll: false,
    } as Parameters<typeof navigate>[0]);
}

/** Before what moved with the pointer or a key is written down, ms. */
const REST = 220;

function useZoom(text: string | undefined, axis: ReturnType<typeof makeAxis>, write: Write) {
  const settled = useMemo(() => readZoom(text, axis), [text, axis]);
  const [moving, setMoving] = useState<Shown | null>(null);
  const trail = useRef<(string | undefined)[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another address ends the moving.
  useEffect(() => setMoving(null), [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    shown: moving ?? settled,
    settled,
    move(shown: Shown) {
      setMoving(shown);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => write({ zoom: writeZoom(shown, axis) }, true), REST);
    },
    enter(shown: Shown) {
      clearTimeout(timer.current);
      trail.current.push(text);
      setMoving(shown);
      write({ zoom: writeZoom(shown, axis) }, false);
    },
    back() {
      clearTimeout(timer.current);
      setMoving(null);
      write({ zoom: trail.current.pop() }, true);
    },
  };
}

/** The row of the selected step, or the one that was clicked and is part of it. */
function useSelected(model: Model) {
  const store = useSession();
  const step = useStep();
  const [clicked, setClicked] = useState(-1);
  const isOfStep = clicked >= 0 && clicked < model.count && model.stepAt[clicked] === step;
  return {
    row: isOfStep ? clicked : (model.rowOfStep[step] ?? -1),
    select: (row: number) => {
      setClicked(row);
      store.selectRow(row);
    },
  };
}

function useReplay(model: Model, row: number): () => void {
  const { project = "", session = "" } = useParams({ strict: false });
  const navigate = useNavigate();
  return () => {
    const step = model.stepAt[row] ?? 0;
    if (step === 0) return;
    void navigate({
      to: "/p/$project/sessions/$session/$view",
      params: { project, session, view: "replay" },
      search: { step },
    });
  };
}
