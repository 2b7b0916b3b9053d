/**
 * A session as the page has it: its columns, its texts, and what follows from them.
 *
 * A new object whenever rows arrive or change, never twice for the same; the arrays behind it may
 * be the same and be longer than `count`. Read by row; steps are found by `rowOfStep`.
 */
import { type Columns, emptyColumns, putRows, type SkeletonAct } from "./columns";
import type { Derived } from "./derive";
import type { Facts, Texts, Told } from "./messages";

export interface Lane {
  /** Position in `agents`. */
  readonly agent: number;
  /** "" where no agent is known. */
  readonly name: string;
  readonly firstStep: number;
  readonly steps: number;
}

export interface Model extends Readonly<Columns>, Texts, Facts, Derived {
  readonly sessionId: string;
  readonly acts: readonly SkeletonAct[];
  /** All rows have arrived; more may come while it is open. */
  readonly complete: boolean;
  /** Agents with steps, by their first. */
  readonly lanes: readonly Lane[];
}

export function nextModel(
  before: Model | null,
  sessionId: string,
  told: Extract<Told, { told: "rows" }>,
): Model {
  const columns: Columns = before
    ? pickColumns(before)
    : emptyColumns(Math.max(told.facts.total, told.rows.count));
  putRows(columns, told.rows, told.since);
  if (told.changed) {
    const { rows, columns: values } = told.changed;
    for (const [name, changed] of Object.entries(values)) {
      if (!ArrayBuffer.isView(changed)) continue;
      const from = changed as unknown as Float64Array;
      const to = (columns as unknown as Record<string, Float64Array>)[name];
      rows.forEach((row, at) => {
        if (to) to[row] = from[at] ?? 0;
      });
    }
  }
  return {
    ...columns,
    ...told.texts,
    ...told.facts,
    ...told.derived,
    acts: told.acts,
    sessionId,
    complete: columns.count >= told.facts.total,
    lanes: lanesOf(columns, told.texts),
  };
}

function pickColumns(model: Model): Columns {
  const columns = emptyColumns();
  for (const name of Object.keys(columns)) {
    (columns as unknown as Record<string, unknown>)[name] = model[name as keyof Columns];
  }
  return columns;
}

function lanesOf(columns: Columns, texts: Texts): Lane[] {
  const found = new Map<number, { firstStep: number; steps: number }>();
  for (let row = 0; row < columns.count; row++) {
    const step = columns.step[row] ?? 0;
    if (step === 0) continue;
    const agent = columns.agent[row] ?? 0;
    const lane = found.get(agent);
    if (lane) lane.steps += 1;
    else found.set(agent, { firstStep: step, steps: 1 });
  }
  return [...found].map(([agent, lane]) => ({ agent, name: texts.agents[agent] ?? "", ...lane }));
}
