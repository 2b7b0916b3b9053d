/** Lanes and own times of a session's rows, worked out in a worker of its own. */
import { useEffect, useRef, useState } from "react";
import { startWorker } from "@/app/worker";
import type { Model } from "../model";
import type { Lanes } from "./lanes";
import type { Asked, Told } from "./messages";
import type { By, OwnTime, Stretch } from "./ownTime";
import workerUrl from "./timeline.worker.ts?worker&url";

export interface Layout {
  /** The rows that the lanes were laid for; both null until the first are. */
  readonly model: Model | null;
  readonly lanes: Lanes | null;
  readonly table: readonly OwnTime[] | null;
  readonly failure: Error | null;
}

/** New rows of a live session wait so long: lanes are laid at most twice a second, ms. */
const APART = 500;

export function useLayout(model: Model, within: Stretch, by: By): Layout {
  const worker = useRef<Worker | null>(null);
  const [laid, setLaid] = useState<{ model: Model; lanes: Lanes } | null>(null);
  const [table, setTable] = useState<readonly OwnTime[] | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  const turns = useRef({ rows: 0, table: 0, asked: null as Model | null, last: 0 });

  useEffect(() => {
    const made = startWorker(workerUrl, "timeline");
    worker.current = made;
    made.addEventListener("message", (event: MessageEvent<Told>) => {
      const told = event.data;
      const { rows, table: latest, asked } = turns.current;
      if (told.told === "lanes") {
        if (told.turn === rows && asked) setLaid({ model: asked, lanes: told.lanes });
      } else if (told.turn === latest) setTable(told.table);
    });
    made.addEventListener("error", () => setFailure(new Error("laying out its lanes failed")));
    return () => {
      made.terminate();
      worker.current = null;
      turns.current.asked = null;
      turns.current.last = 0;
    };
  }, []);

  useEffect(() => {
    const send = () => {
      turns.current.last = performance.now();
      turns.current.asked = model;
      turns.current.rows += 1;
      post(worker.current, rowsOf(model, turns.current.rows));
    };
    const rest = turns.current.last + APART - performance.now();
    if (turns.current.last === 0 || rest <= 0) {
      send();
      return;
    }
    const timer = setTimeout(send, rest);
    return () => clearTimeout(timer);
  }, [model]);

  const { fromUs, untilUs } = within;
  useEffect(() => {
    if (!laid) return;
    turns.current.table += 1;
    post(worker.current, {
      ask: "table",
      turn: turns.current.table,
      within: { fromUs, untilUs },
      by,
    });
  }, [laid, fromUs, untilUs, by]);

  return { model: laid?.model ?? null, lanes: laid?.lanes ?? null, table, failure };
}

function post(worker: Worker | null, asked: Asked): void {
  worker?.postMessage(asked);
}

/** Copies, cut to the rows that there are: the page goes on reading its own. */
function rowsOf(model: Model, turn: number): Asked {
  const { count, kinds, acts, idle, extentUs } = model;
  const columns = {
    count,
    parent: model.parent.slice(0, count),
    name: model.name.slice(0, count),
    kind: model.kind.slice(0, count),
    agent: model.agent.slice(0, count),
    trace: new Int32Array(0),
    startUs: model.startUs.slice(0, count),
    durationUs: model.durationUs.slice(0, count),
    error: model.error.slice(0, count),
    costNano: new Float64Array(0),
    step: new Int32Array(0),
    depth: new Int32Array(0),
    episode: new Int32Array(0),
    retry: new Int32Array(0),
  };
  return { ask: "rows", turn, columns, kinds, acts, idle, extentUs };
}
