/**
 * Reads a session's skeleton page by page, orders it, and follows what changes in an open one.
 *
 * It keeps the columns; the page gets copies of what is new. The first page is small, so that the
 * strip paints while the rest is under way. Changes are told at most four times a second.
 */
import { readEvents } from "@/app/live/events";
import {
  type Columns,
  changeRows,
  emptyColumns,
  type LiveSkeleton,
  memoryOf,
  putRows,
  readColumns,
  type SkeletonAct,
  type SkeletonPage,
} from "./columns";
import { derive, memoryOfDerived } from "./derive";
import type { Ask, Facts, Texts, Told } from "./messages";

const FIRST_ROWS = 10_000;
const PAGE_ROWS = 30_000;
const LONGEST_WAIT = 30_000; // ms between two tries to follow

let session = "";
let headers: Record<string, string> = {};
let columns: Columns = emptyColumns();
let texts: Texts = { names: [], kinds: [], agents: [], traces: [] };
let acts: readonly SkeletonAct[] = [];
let facts: Facts = { startedNs: "0", revision: "", open: false, total: 0, steps: 0 };
let following = false;

class Failed extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, body: unknown) {
    super("The skeleton was refused");
    this.status = status;
    this.body = body;
  }
}

function tell(told: Told, memory: ArrayBuffer[] = []): void {
  self.postMessage(told, { transfer: memory });
}

async function page(from: number, limit: number): Promise<SkeletonPage> {
  const path = `/api/v1/sessions/${encodeURIComponent(session)}/skeleton`;
  const response = await fetch(`${path}?ids=false&from=${from}&limit=${limit}`, { headers });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new Failed(response.status, body);
  return body as SkeletonPage;
}

/** Rows that arrive while the session grows are of another revision: then it begins anew. */
async function load(): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await loadOnce()) return;
  }
  throw new Failed(0, undefined);
}

async function loadOnce(): Promise<boolean> {
  const first = await page(0, FIRST_ROWS);
  columns = emptyColumns(first.total);
  acts = [];
  take(first);
  while (columns.count < facts.total) {
    const next = await page(columns.count, PAGE_ROWS);
    if (next.revision !== facts.revision || next.count === 0) return false;
    take(next);
  }
  return true;
}

function take(told: SkeletonPage): void {
  const rows = readColumns(told);
  putRows(columns, rows, told.since);
  acts = [...acts, ...told.acts];
  texts = { names: told.names, kinds: told.kinds, agents: told.agents, traces: told.traces };
  facts = {
    startedNs: told.started_ns,
    revision: told.revision,
    open: told.open,
    total: told.total,
    steps: told.steps,
  };
  tellRows(told.since, null);
}

function tellRows(since: number, changed: Int32Array | null): void {
  const rows = copyRows(Int32Array.from({ length: columns.count - since }, (_, at) => since + at));
  const before = changed && changed.length > 0 ? changed : null;
  const again = before ? { rows: before, columns: copyRows(before) } : null;
  const derived = derive(columns, texts.kinds, acts, facts.steps);
  tell({ told: "rows", facts, texts, acts, since, rows, changed: again, derived }, [
    ...memoryOf(rows),
    ...(again ? memoryOf(again.columns) : []),
    ...memoryOfDerived(derived),
  ]);
}

function copyRows(rows: Int32Array): Columns {
  const first = rows[0] ?? 0;
  const isRun = rows.length === 0 || rows[rows.length - 1] === first + rows.length - 1;
  const copy = emptyColumns(isRun ? 0 : rows.length);
  copy.count = rows.length;
  for (const [name, values] of Object.entries(columns)) {
    if (!ArrayBuffer.isView(values)) continue;
    const from = values as unknown as Float64Array;
    (copy as unknown as Record<string, unknown>)[name] = isRun
      ? from.slice(first, first + rows.length)
      : from.constructor === Float64Array
        ? Float64Array.from(rows, (row) => from[row] ?? 0)
        : from.constructor === (Uint8Array as unknown)
          ? Uint8Array.from(rows, (row) => from[row] ?? 0)
          : Int32Array.from(rows, (row) => from[row] ?? 0);
  }
  return copy;
}

/** What has come since the page was told: the first row that differs, and those before it. */
let waiting: { since: number; changed: Set<number> } | null = null;

function apply(delta: LiveSkeleton): boolean {
  if (delta.before !== facts.revision) return false;
  texts = {
    names: [...texts.names, ...delta.new.names],
    kinds: [...texts.kinds, ...delta.new.kinds],
    agents: [...texts.agents, ...delta.new.agents],
    traces: [...texts.traces, ...delta.new.traces],
  };
  putRows(columns, readColumns(delta), delta.since);
  changeRows(columns, delta.changed);
  acts = delta.acts;
  facts = {
    startedNs: facts.startedNs,
    revision: delta.revision,
    open: delta.open,
    total: delta.total,
    steps: delta.steps,
  };
  if (!waiting) {
    waiting = { since: delta.since, changed: new Set() };
    setTimeout(tellWaiting, 250);
  }
  waiting.since = Math.min(waiting.since, delta.since);
  for (const row of delta.changed.row) waiting.changed.add(row);
  return true;
}

function tellWaiting(): void {
  if (!waiting) return;
  const { since, changed } = waiting;
  waiting = null;
  tellRows(since, Int32Array.from([...changed].filter((row) => row < since)).sort());
}

async function follow(): Promise<void> {
  let pause = 1000;
  while (facts.open) {
    let heard = false;
    try {
      const path = `/api/v1/sessions/${encodeURIComponent(session)}/live`;
      const response = await fetch(`${path}?since=${encodeURIComponent(facts.revision)}`, {
        headers: { ...headers, accept: "text/event-stream" },
      });
      if (response.status === 401 || response.status === 403 || response.status === 404) {
        throw new Failed(response.status, await response.json().catch(() => undefined));
      }
      if (!response.ok || !response.body) throw new TypeError("no stream");
      tell({ told: "following", on: true });
      for await (const event of readEvents(response.body)) {
        heard = true;
        if (event.name === "skeleton") {
          if (!apply(JSON.parse(event.data) as LiveSkeleton)) await load();
        } else if (event.name === "reset") {
          await load();
          tell({ told: "record" });
        } else if (event.name === "record") tell({ told: "record" });
      }
    } catch (error) {
      if (error instanceof Failed && error.status > 0) throw error;
      tell({ told: "following", on: false });
    }
    if (!facts.open) break;
    pause = heard ? 1000 : Math.min(LONGEST_WAIT, pause * 2);
    await new Promise((done) => setTimeout(done, pause));
  }
  tell({ told: "following", on: false });
}

self.addEventListener("message", (event: MessageEvent<Ask>) => {
  const ask = event.data;
  if (ask.ask === "load") {
    session = ask.session;
    headers = ask.headers;
  }
  if (ask.ask === "follow" && following) return;
  following = ask.ask === "follow";
  (ask.ask === "load" ? load() : follow()).catch((error: unknown) => {
    following = false;
    if (error instanceof Failed) tell({ told: "failed", status: error.status, body: error.body });
    else tell({ told: "failed", status: 0, body: undefined });
  });
});
