import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeAxis } from "@/screens/session/timeline/folds";
import {
  inside,
  measure,
  readZoom,
  rowAt,
  tickLabels,
  ticksOf,
  writeZoom,
  zoomed,
} from "@/screens/session/timeline/geometry";
import { endUs, layLanes } from "@/screens/session/timeline/lanes";
import { bottomUp, ownTimes, quantile } from "@/screens/session/timeline/ownTime";
import { ink } from "@/screens/session/timeline/paint";
import { columnsOf, KINDS, type Made } from "./columns";

const S = 1_000_000;
const kinds = [...KINDS];
const plain = makeAxis([], 100 * S);

/** Spans in order of their begin, each with an earlier one as parent or none. */
const spans = fc
  .array(
    fc.record({
      start: fc.integer({ min: 0, max: 90 * S }),
      duration: fc.integer({ min: 0, max: 10 * S }),
      agent: fc.integer({ min: 0, max: 2 }),
      kind: fc.integer({ min: 0, max: 2 }),
      parent: fc.integer({ min: -1, max: 30 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((made): Made[] =>
    made
      .sort((a, b) => a.start - b.start)
      .map((span, row) => ({ ...span, parent: span.parent < row ? span.parent : -1 })),
  );

describe("the axis", () => {
  const idle = [
    { fromUs: 10 * S, untilUs: 3_610 * S, person: true },
    { fromUs: 3_620 * S, untilUs: 3_620.1 * S, person: false },
  ];
  const axis = makeAxis(idle, 3_640 * S);

  it("folds a long wait to a short stretch and leaves a short one", () => {
    expect(axis.folds).toHaveLength(1);
    expect(axis.length).toBeLessThan(42 * S);
    expect(axis.at(3_640 * S)).toBeCloseTo(axis.length);
  });

  it("leads back to every instant", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_640 * S }), (us) => {
        // A fold of an hour is drawn as some tenths of a second: back to its microsecond.
        expect(Math.abs(axis.us(axis.at(us)) - us)).toBeLessThan(1);
      }),
    );
  });

  it("never runs backwards", () => {
    fc.assert(
      fc.property(fc.nat(3_640 * S), fc.nat(3_640 * S), (a, b) => {
        expect(Math.sign(axis.at(a) - axis.at(b))).toBe(Math.sign(a - b));
      }),
    );
  });

  it("keeps most of the width for what ran, however many waits there are", () => {
    const many = Array.from({ length: 400 }, (_, at) => ({
      fromUs: at * 100 * S + S,
      untilUs: (at + 1) * 100 * S,
      person: true,
    }));
    const folded = makeAxis(many, 40_000 * S);
    expect(folded.length).toBeLessThanOrEqual(400 * S * 1.31);
  });
});

describe("lanes", () => {
  it("never hold two spans at the same time, unless they are told as crowded", () => {
    fc.assert(
      fc.property(spans, (made) => {
        const columns = columnsOf(made);
        const lanes = layLanes(columns, kinds, [], 100 * S, plain);
        const crowded = lanes.groups
          .filter((group) => group.crowded)
          .map((group) => group.firstLane + group.lanes - 1);
        for (let lane = 0; lane < lanes.count; lane++) {
          if (crowded.includes(lane)) continue;
          let end = 0;
          for (let at = lanes.first[lane] ?? 0; at < (lanes.first[lane + 1] ?? 0); at++) {
            const row = lanes.rows[at] ?? 0;
            expect(columns.startUs[row]).toBeGreaterThanOrEqual(end);
            end = endUs(columns, row, 100 * S);
          }
        }
        expect(lanes.rows).toHaveLength(made.length);
      }),
    );
  });

  it("stand below the parent's", () => {
    const columns = columnsOf([
      { start: 0, duration: 10 },
      { start: 1, duration: 5, parent: 0 },
      { start: 2, duration: 2, parent: 1 },
    ]);
    expect([...layLanes(columns, kinds, [], 10, plain).laneOf]).toEqual([0, 1, 2]);
  });

  it("of a fan-out of 50,000 are few, and the last one says that it is crowded", () => {
    const columns = columnsOf(Array.from({ length: 50_000 }, () => ({ start: 0, duration: 10 })));
    const lanes = layLanes(columns, kinds, [], 10, plain);
    expect(lanes.count).toBeLessThan(40);
    expect(lanes.groups[0]?.crowded).toBe(true);
    expect(lanes.rows).toHaveLength(50_000);
  });

  it("of people come first and hold the wait before an act", () => {
    const columns = columnsOf([
      { start: 0, duration: 100, kind: 0 },
      { start: 10, duration: 80, kind: 2, parent: 0 },
    ]);
    const act = {
      row: 1,
      kind: "approval",
      decision: "approved",
      pending: false,
      by: null,
      at_us: 80,
      waited_us: 60,
    } as const;
    const lanes = layLanes(columns, kinds, [act], 100, plain);
    expect(lanes.groups[0]).toMatchObject({ agent: -1, lanes: 1 });
    expect(lanes.waits).toEqual([{ row: 1, fromUs: 20, untilUs: 80, pending: false, lane: 0 }]);
  });

  it("find the bar under a point, and none where nothing is near", () => {
    const columns = columnsOf([
      { start: 0, duration: 10 * S },
      { start: 50 * S, duration: 10 * S, error: 1 },
    ]);
    const lanes = layLanes(columns, kinds, [], 100 * S, plain);
    const drawn = { lanes, columns, extentUs: 100 * S, axis: plain, geometry: measure(lanes) };
    const whole = { from: 0, until: 100 * S };
    const y = (drawn.geometry.tops[0] ?? 0) + 4;
    expect(rowAt(drawn, whole, 1000, 550, y)).toBe(1);
    expect(rowAt(drawn, whole, 1000, 300, y)).toBeNull();
    expect(rowAt(drawn, whole, 1000, 550, y + 400)).toBeNull();
  });
});

describe("own time", () => {
  it("of children that ran at once is taken from their parent once", () => {
    const columns = columnsOf([
      { start: 0, duration: 100 },
      { start: 10, duration: 40, parent: 0 },
      { start: 20, duration: 40, parent: 0 },
    ]);
    expect([...ownTimes(columns, 100, { fromUs: 0, untilUs: 100 })]).toEqual([50, 40, 40]);
  });

  it("is never negative and never more than a span's length", () => {
    fc.assert(
      fc.property(spans, (made) => {
        const columns = columnsOf(made);
        const own = ownTimes(columns, 100 * S, { fromUs: 0, untilUs: 100 * S });
        own.forEach((us, row) => {
          expect(us).toBeGreaterThanOrEqual(0);
          expect(us).toBeLessThanOrEqual(columns.durationUs[row] ?? 0);
        });
      }),
    );
  });

  it("of a stretch holds only what lies in it", () => {
    const columns = columnsOf([{ start: 0, duration: 100 }]);
    expect([...ownTimes(columns, 100, { fromUs: 30, untilUs: 50 })]).toEqual([20]);
  });

  it("has shares that add up to all of it, by kind", () => {
    fc.assert(
      fc.property(spans, (made) => {
        const table = bottomUp(
          columnsOf(made),
          kinds,
          100 * S,
          { fromUs: 0, untilUs: 100 * S },
          "kind",
        );
        const all = table.reduce((sum, one) => sum + one.share, 0);
        expect(all === 0 || Math.abs(all - 1) < 1e-9).toBe(true);
        expect(table.reduce((sum, one) => sum + one.count, 0)).toBe(made.length);
      }),
    );
  });

  it("by model leaves tools out, and counts what failed", () => {
    const columns = columnsOf([
      { start: 0, duration: 10, kind: 1, name: 4 },
      { start: 10, duration: 30, kind: 1, name: 4, error: 1 },
      { start: 40, duration: 5, kind: 2, name: 5 },
    ]);
    const [only, ...rest] = bottomUp(columns, kinds, 45, { fromUs: 0, untilUs: 45 }, "model");
    expect(rest).toEqual([]);
    expect(only).toMatchObject({ key: 4, count: 2, errors: 1, ownUs: 40, p50Us: 10, p95Us: 30 });
  });

  it("of nothing that ended has no percentile", () => {
    expect(quantile(new Float64Array(0), 0.5)).toBeNull();
  });
});

describe("the zoom", () => {
  it("keeps the instant under the pointer where it is", () => {
    const closer = zoomed({ from: 0, until: 1000 }, 250, 2, 1000);
    expect(closer).toEqual({ from: 125, until: 625 });
  });

  it("stays inside the session", () => {
    expect(inside({ from: -50, until: 50 }, 1000)).toEqual({ from: 0, until: 100 });
    expect(inside({ from: 950, until: 1050 }, 1000)).toEqual({ from: 900, until: 1000 });
    expect(inside({ from: -10, until: 5000 }, 1000)).toEqual({ from: 0, until: 1000 });
  });

  it("stands in the address as microseconds and is read back", () => {
    const axis = makeAxis([], 1000);
    expect(writeZoom({ from: 100, until: 300 }, axis)).toBe("100-300");
    expect(readZoom("100-300", axis)).toEqual({ from: 100, until: 300 });
    expect(writeZoom({ from: 0, until: 1000 }, axis)).toBeUndefined();
    for (const odd of [undefined, "", "x", "300-100", "1-2-3"]) {
      expect(readZoom(odd, axis)).toEqual({ from: 0, until: 1000 });
    }
  });

  it("never has two ticks that read the same", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 ** 12 }),
        fc.integer({ min: 30, max: 10 ** 9 }),
        (from, width) => {
          const axis = makeAxis([], 2 * 10 ** 12);
          const labels = tickLabels(ticksOf(axis, { from, until: from + width }, 1200));
          expect(new Set(labels).size).toBe(labels.length);
        },
      ),
    );
  });
});

it("a color becomes the pixel that ImageData wants", () => {
  expect(ink("#112233")).toBe(0xff332211);
});
