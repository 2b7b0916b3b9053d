import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readEvents } from "@/app/live/events";
import { changeRows, emptyColumns, putRows, readColumns } from "@/screens/session/model/columns";
import { holds, moveFrom } from "@/screens/session/model/moves";
import { isInRange, parseRange, writeRange } from "@/screens/session/model/range";
import { act, model, page, type Row } from "./made";

describe("columns", () => {
  test("starts are told as differences and kept as times", () => {
    const columns = readColumns(page([{ at: 5 }, { at: 7 }, { at: 7 }]));
    expect([...columns.startUs]).toEqual([5000, 7000, 7000]);
  });

  test("a cost that nobody knows is not zero", () => {
    const columns = readColumns(page([{ usd: 0 }, {}]));
    expect(columns.costNano[0]).toBe(0);
    expect(columns.costNano[1]).toBeNaN();
  });

  test("pages that follow one another are the same as one page", () => {
    const rows: Row[] = Array.from({ length: 40 }, (_, at) => ({ at, parent: at - 1 }));
    const whole = readColumns(page(rows));
    const columns = emptyColumns(3);
    const first = readColumns(page(rows.slice(0, 25)));
    putRows(columns, first, 0);
    const rest = page(rows.slice(25).map((row) => ({ ...row })));
    rest.start_us[0] = 25_000;
    putRows(columns, readColumns(rest), 25);
    expect(columns.count).toBe(40);
    expect([...columns.startUs.subarray(0, 40)]).toEqual([...whole.startUs]);
    expect([...columns.parent.subarray(0, 40)]).toEqual([...whole.parent]);
  });

  test("rows behind a delta's beginning are forgotten, those before it can change", () => {
    const columns = readColumns(page([{}, {}, { failed: true }]));
    putRows(columns, readColumns(page([{}])), 1);
    expect(columns.count).toBe(2);
    changeRows(columns, {
      row: [0, 9],
      name: [0, 0],
      agent: [0, 0],
      duration_us: [77, 1],
      error: [1, 1],
      cost_nano: [null, null],
      episode: [-1, 0],
      retry: [0, 0],
    });
    expect(columns.durationUs[0]).toBe(77);
    expect(columns.episode[0]).toBe(-1);
  });
});

describe("what follows from the columns", () => {
  const forest = fc
    .array(fc.nat(), { minLength: 1, maxLength: 60 })
    .map((picks) => picks.map((pick, row) => ({ parent: (pick % (row + 1)) - 1 })));

  test("tree order has every row once, parents first, descendants right behind", () => {
    fc.assert(
      fc.property(forest, (rows) => {
        const { order, position, level, descendants, count } = model(rows);
        expect([...order].sort((a, b) => a - b)).toEqual(rows.map((_, row) => row));
        for (let row = 0; row < count; row++) {
          expect(order[position[row] ?? -1]).toBe(row);
          const parent = rows[row]?.parent ?? -1;
          if (parent < 0) continue;
          const from = position[parent] ?? 0;
          expect(position[row]).toBeGreaterThan(from);
          expect(position[row]).toBeLessThanOrEqual(from + (descendants[parent] ?? 0));
          expect(level[row]).toBe((level[parent] ?? 0) + 1);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a span that is no step belongs to the step around it", () => {
    const { stepAt, rowOfStep } = model([
      { kind: "agent" },
      { parent: 0, step: false },
      { parent: 1 },
    ]);
    expect([...stepAt]).toEqual([1, 1, 2]);
    expect([...rowOfStep]).toEqual([-1, 0, 2]);
  });

  test("an error that was recovered from is not among those that never were", () => {
    const { errors, recovered } = model([
      { failed: true, episode: 3 },
      { failed: true, episode: -1 },
      {},
      { failed: true },
    ]);
    expect([...recovered]).toEqual([1]);
    expect([...errors]).toEqual([2, 4]);
  });

  test("what a person did counts where it happened, also inside of a call", () => {
    const { people } = model([{}, { parent: 0, step: false }, { kind: "human" }], [act(1, 10, 5)]);
    expect([...people]).toEqual([1, 2]);
  });

  test("known costs add up and unknown ones add nothing", () => {
    const { costSoFar } = model([{ usd: 1 }, {}, { usd: 0.5 }]);
    expect([...costSoFar]).toEqual([1e9, 1e9, 1.5e9]);
  });

  test("a wait for a person is told apart from a stretch in which nothing was asked", () => {
    const { idle } = model(
      [
        { at: 0, took: 1000 },
        { at: 1000, took: 60_000, kind: "human" },
        { at: 61_000, took: 1000 },
        { at: 162_000, took: 1000 },
      ],
      [act(1, 61_000, 60_000)],
    );
    expect(idle).toEqual([
      { fromUs: 1e6, untilUs: 61e6, person: true },
      { fromUs: 62e6, untilUs: 162e6, person: false },
    ]);
  });

  test("a call that asks a person was busy only until it asked", () => {
    const { idle } = model([{ at: 0, took: 100_000 }], [act(0, 100_000, 90_000)]);
    expect(idle).toEqual([{ fromUs: 10e6, untilUs: 100e6, person: true }]);
  });

  test("an agent around everything keeps nothing busy", () => {
    const { idle } = model([
      { kind: "agent", at: 0, took: 50_000 },
      { parent: 0, at: 0, took: 1000 },
      { parent: 0, at: 49_000, took: 1000 },
    ]);
    expect(idle).toHaveLength(1);
  });
});

describe("moving", () => {
  const session = model([
    {},
    { failed: true, episode: 4 },
    { kind: "model" },
    {},
    { failed: true },
  ]);

  test("errors that were recovered from are stopped at as well, in order", () => {
    expect(moveFrom(session, 1, "nextError")).toBe(2);
    expect(moveFrom(session, 2, "nextError")).toBe(5);
    expect(moveFrom(session, 5, "previousError")).toBe(2);
    expect(moveFrom(session, 5, "nextError")).toBeNull();
  });

  test("the first and the last step have no neighbor beyond", () => {
    expect(moveFrom(session, 1, "previous")).toBeNull();
    expect(moveFrom(session, 5, "next")).toBeNull();
    expect(moveFrom(session, 1, "nextModel")).toBe(3);
  });

  test("a sorted list holds exactly its members", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(50)), fc.nat(50), (steps, step) => {
        expect(holds(Int32Array.from(steps).sort(), step)).toBe(steps.includes(step));
      }),
    );
  });
});

describe("a range", () => {
  test("is read as it is written, in either order", () => {
    expect(parseRange("380-460")).toEqual({ from: 380, to: 460 });
    expect(parseRange("460-380")).toEqual({ from: 380, to: 460 });
    expect(writeRange({ from: 380, to: 460 })).toBe("380-460");
  });

  test("is none where it is not two numbers of steps", () => {
    for (const text of [undefined, "", "5", "a-b", "0-4", "1-2-3", "-1-2"]) {
      expect(parseRange(text)).toBeNull();
    }
  });

  test("holds both of its ends, and everything where there is none", () => {
    expect(isInRange({ from: 2, to: 4 }, 4)).toBe(true);
    expect(isInRange({ from: 2, to: 4 }, 5)).toBe(false);
    expect(isInRange(null, 99)).toBe(true);
  });
});

describe("server-sent events", () => {
  async function read(chunks: readonly string[]) {
    const bytes = new TextEncoder();
    const stream = new ReadableStream<Uint8Array>({
      start(control) {
        for (const chunk of chunks) control.enqueue(bytes.encode(chunk));
        control.close();
      },
    });
    const found = [];
    for await (const event of readEvents(stream)) found.push(event);
    return found;
  }

  test("are the same however the bytes were cut", async () => {
    const text =
      ': hello\n\nevent: skeleton\nid: 7\ndata: {"a":\ndata: 1}\n\nevent: end\r\ndata: x\r\n\r\n';
    const whole = await read([text]);
    expect(whole).toMatchObject([
      { name: "skeleton", data: '{"a":\n1}' },
      { name: "end", data: "x" },
    ]);
    expect(await read([...text])).toEqual(whole);
  });

  test("that the end of the stream cuts off are none", async () => {
    expect(await read(["event: skeleton\ndata: {"])).toEqual([]);
  });
});
