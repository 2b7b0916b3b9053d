/**
 * One opened session: its model, the selected step, the range, and whether it is followed.
 *
 * Outside React's tree: components subscribe to the part that they show, so that a step key
 * changes three of them. It reads no content; that is the business of api/session.ts.
 */
import { projectHeaders, refusal, Unreachable } from "@/api/client";
import { startWorker } from "@/app/worker";
import type { Told as Message } from "./messages";
import { type Model, nextModel } from "./model";
import { type Marks, type Move, moveFrom } from "./moves";
import workerUrl from "./skeleton.worker.ts?worker&url";

/** Steps, both inclusive. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface Live {
  /** `off`: a closed session. `lost`: it should be heard and is not. */
  readonly state: "off" | "on" | "lost";
  /** Since when, ms since 1970. */
  readonly since: number;
}

export interface State {
  /** null until the first rows are there. */
  readonly model: Model | null;
  readonly failure: Error | null;
  /** 0 in a session without steps. */
  readonly step: number;
  /** Chosen by the viewer, so it stands in the address; else it is the first or, live, the last. */
  readonly chosen: boolean;
  readonly range: Range | null;
  readonly live: Live;
  /** An open session: the selection goes along with its end. */
  readonly follows: boolean;
  /** Grows whenever the record should be asked for again. */
  readonly recordChanges: number;
  /** What the outline tells and the skeleton does not; ascending. */
  readonly told: Told | null;
}

export interface Told {
  /** Steps where turns begin. */
  readonly turns: Int32Array;
  readonly handoffs: Int32Array;
}

const BEGIN: State = {
  model: null,
  failure: null,
  step: 0,
  chosen: false,
  range: null,
  live: { state: "off", since: 0 },
  follows: false,
  recordChanges: 0,
  told: null,
};

export class SessionStore {
  readonly sessionId: string;
  #state: State = BEGIN;
  #worker: Worker | null = null;
  /** From the address, before it is known whether there is such a step. */
  #wanted = 0;
  #listeners = new Set<() => void>();

  constructor(sessionId: string) {
    this.sessionId = sessionId;
  }

  get state(): State {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begins to read; nothing where it does already. Project as the client speaks of it now. */
  open(): void {
    if (this.#worker) return;
    if (this.#state.model?.complete && !this.#state.model.open) return;
    const worker = startWorker(workerUrl, "session");
    this.#worker = worker;
    worker.addEventListener("message", (event: MessageEvent<Message>) => this.#hear(event.data));
    worker.addEventListener("error", () => this.#set({ failure: new Error("reading it failed") }));
    this.#set({ failure: null });
    const headers = projectHeaders();
    worker.postMessage({ ask: "load", session: this.sessionId, headers });
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }

  /** After a failure. */
  retry = (): void => {
    this.close();
    this.open();
  };

  /** A step that isn't there becomes the nearest that is. Leaves the end of a live session. */
  select = (step: number): void => {
    const { model } = this.#state;
    if (!model || model.steps === 0) {
      this.#wanted = step;
      return;
    }
    const there = Math.min(Math.max(1, Math.round(step)), model.steps);
    const follows = model.open && there === model.steps;
    this.#set({ step: there, chosen: true, follows });
  };

  /** The step that this row is or is part of. */
  selectRow = (row: number): void => {
    const step = this.#state.model?.stepAt[row] ?? 0;
    if (step > 0) this.select(step);
  };

  /** false where there is nowhere to go. */
  go = (move: Move): boolean => {
    const { model, step, told } = this.#state;
    if (!model) return false;
    const to = moveFrom({ ...marks(model), ...told }, step, move);
    if (to === null) return false;
    this.select(to);
    return true;
  };

  /** What the outline told; in any order. */
  hearOutline = (turns: readonly number[], handoffs: readonly number[]): void => {
    const { model } = this.#state;
    if (!model) return;
    this.#set({
      told: {
        turns: turns.length > 0 ? Int32Array.from(turns).sort() : model.turns,
        handoffs: Int32Array.from(new Set([...model.handoffs, ...handoffs])).sort(),
      },
    });
  };

  setRange = (range: Range | null): void => {
    const { range: before } = this.#state;
    if (before?.from === range?.from && before?.to === range?.to) return;
    this.#set({
      range: range && range.from > range.to ? { from: range.to, to: range.from } : range,
    });
  };

  follow = (): void => {
    const { model } = this.#state;
    if (model) this.#set({ step: model.steps, chosen: false, follows: model.open });
  };

  #hear(told: Message): void {
    if (told.told === "rows") this.#grow(told);
    else if (told.told === "following") {
      const state = told.on ? "on" : this.#state.model?.open ? "lost" : "off";
      if (state !== this.#state.live.state) this.#set({ live: { state, since: Date.now() } });
    } else if (told.told === "record") {
      this.#set({ recordChanges: this.#state.recordChanges + 1 });
    } else {
      this.close();
      const failure =
        told.status > 0 ? refusal(told.status, told.body) : new Unreachable("skeleton");
      this.#set({ failure });
    }
  }

  #grow(told: Extract<Message, { told: "rows" }>): void {
    const before = this.#state;
    const model = nextModel(told.since === 0 ? null : before.model, this.sessionId, told);
    let { step, chosen, follows } = before;
    if (this.#wanted > 0) {
      step = this.#wanted;
      chosen = true;
      // A later page of a big session may hold it.
      if (model.complete) this.#wanted = 0;
    } else if (!before.model) {
      follows = model.open;
      step = model.open ? model.steps : 1;
    } else if (follows) step = model.steps;
    step = Math.min(Math.max(step, model.steps > 0 ? 1 : 0), model.steps);
    this.#set({ model, step, chosen, follows, failure: null });
    if (!model.complete) return;
    if (model.open) this.#worker?.postMessage({ ask: "follow" });
    else this.close();
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function marks({ steps, errors, recovered, people, handoffs, models, turns }: Model): Marks {
  return { steps, errors, recovered, people, handoffs, models, turns };
}

const kept = new Map<string, SessionStore>();
const KEPT = 3;

/** The same store for the same session, while it is among the last few that were looked at. */
export function storeOf(project: string, sessionId: string): SessionStore {
  const key = `${project}\n${sessionId}`;
  const found = kept.get(key) ?? new SessionStore(sessionId);
  kept.delete(key);
  kept.set(key, found);
  for (const [oldest, store] of kept) {
    if (kept.size <= KEPT) break;
    store.close();
    kept.delete(oldest);
  }
  return found;
}
