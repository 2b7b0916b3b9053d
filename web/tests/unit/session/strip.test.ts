import { describe, expect, test } from "vitest";
import { FOLD, makeAxis } from "@/screens/session/strip/axis";
import { binRows, KINDS } from "@/screens/session/strip/bins";
import { act, model, type Row } from "./made";

const steady: Row[] = Array.from({ length: 10 }, (_, at) => ({ at: at * 1000, took: 1000 }));

describe("the strip's axis", () => {
  test("a long wait takes a fixed width, the rest shares what is left", () => {
    const waiting = model(
      [...steady, { at: 10_000, took: 3_600_000, kind: "human" }, { at: 3_610_000, took: 1000 }],
      [act(10, 3_610_000, 3_600_000)],
    );
    const axis = makeAxis(waiting, 1000);
    expect(axis.folds).toHaveLength(1);
    expect(axis.start(11) - axis.end(9)).toBeCloseTo(FOLD);
    expect(axis.start(1) - axis.start(0)).toBeCloseTo((1000 - FOLD) / 11);
  });

  test("from a position to its step and back is the same step", () => {
    const axis = makeAxis(model(steady), 500);
    for (let row = 0; row < 10; row++) expect(axis.stepAt(axis.start(row) + 1)).toBe(row + 1);
    expect(axis.stepAt(-20)).toBe(1);
    expect(axis.stepAt(9999)).toBe(10);
  });

  test("where no times are told the steps take their place, equally wide", () => {
    const axis = makeAxis(model(Array.from({ length: 4 }, () => ({ at: 0 }))), 400);
    expect(axis.timed).toBe(false);
    expect([0, 1, 2, 3].map((row) => axis.start(row))).toEqual([0, 100, 200, 300]);
  });
});

describe("the strip's bars", () => {
  test("what a person did is not hidden under what ran beside it", () => {
    const both = model([
      { kind: "human", at: 0, took: 10_000 },
      { kind: "tool", at: 0, took: 10_000 },
    ]);
    const bins = binRows(both, makeAxis(both, 20), 1, 6);
    expect(new Set(bins.kind)).toEqual(new Set([KINDS.indexOf("human") + 1]));
  });

  test("a bar narrower than a pixel still shows", () => {
    const brief = model([
      { kind: "tool", at: 0, took: 100_000 },
      { kind: "model", at: 50_000, took: 1 },
    ]);
    const bins = binRows(brief, makeAxis(brief, 50), 1, 6);
    expect([...bins.kind]).toContain(KINDS.indexOf("model") + 1);
  });

  test("agents beyond the lanes that fit share the last", () => {
    const many = model(
      Array.from({ length: 9 }, (_, at) => ({ at: at * 1000, took: 900, agent: `a${at}` })),
    );
    expect(binRows(many, makeAxis(many, 90), 1, 4).lanes).toBe(4);
  });

  test("the cost only grows, and ends at all of it", () => {
    const paid = model(steady.map((row, at) => ({ ...row, ...(at % 2 ? { usd: 1 } : {}) })));
    const { cost, knowsCost } = binRows(paid, makeAxis(paid, 100), 1, 6);
    expect(knowsCost).toBe(true);
    expect([...cost].every((value, at) => at === 0 || value >= (cost[at - 1] ?? 0))).toBe(true);
    expect(cost.at(-1)).toBe(1);
    expect(binRows(model(steady), makeAxis(model(steady), 100), 1, 6).knowsCost).toBe(false);
  });
});
