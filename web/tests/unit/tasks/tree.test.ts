import { array, assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import type { TaskNode } from "../../../src/api/tasks";
import {
  canOpen,
  childrenOf,
  forestOf,
  lacksChildren,
  openAtFirst,
  shownNodes,
  wayTo,
} from "../../../src/screens/tasks/model/forest";
import { layOut, nodeTowards, ROW } from "../../../src/screens/tasks/model/layout";
import { figureOf, loopOf, nameOf, shadeOf } from "../../../src/screens/tasks/model/looks";
import { sortedNodes } from "../../../src/screens/tasks/order";
import { node, TREE } from "./made";

const forest = forestOf("start", TREE);
const shown = shownNodes(forest, openAtFirst(forest, 20));
const measure = {
  widthOf: () => 100,
  shareOf: (id: string) => (forest.nodes.get(id)?.sessions ?? 0) / 100,
};

test("ways of most sessions come first, folded ones last", () => {
  expect(childrenOf(forest, "start")).toEqual(["plan", "hasty", "start~"]);
  expect(wayTo(forest, "test")).toEqual(["start", "plan", "edit", "test"]);
});

test("a folded branch opens into what was told of it later", () => {
  expect(canOpen(forest, "start~")).toBe(true);
  expect(lacksChildren(forest, "start~")).toBe(true);
  const branch = [
    node("start~", null, 5, { kind: "others", children: 2 }),
    node("rare", "start~", 2),
    node("rarer", "rare", 1),
    node("odd", "start~", 3),
  ];
  const grown = forestOf("start", TREE, [branch]);
  expect(childrenOf(grown, "start~")).toEqual(["odd", "rare"]);
  expect(wayTo(grown, "rarer")).toEqual(["start", "start~", "rare", "rarer"]);
  expect(lacksChildren(grown, "start~")).toBe(false);
});

test("at first as many ways are open as there is room for, those of most sessions", () => {
  expect([...openAtFirst(forest, 3)]).toEqual(["start"]);
  expect([...openAtFirst(forest, 4)]).toEqual(["start", "plan", "edit"]);
});

test("the way of most sessions goes straight on, and branches stand as high as there is room", () => {
  const rows = new Map(layOut(shown, measure).placed.map((one) => [one.id, one.y / ROW]));
  expect(["start", "plan", "edit", "test"].map((id) => rows.get(id))).toEqual([0, 0, 0, 0]);
  expect([rows.get("ask"), rows.get("hasty"), rows.get("start~")]).toEqual([1, 1, 2]);
});

test("arrows walk by direction, and stop where nothing is", () => {
  const { placed } = layOut(shown, measure);
  const from = (id: string, ...ways: ("up" | "down" | "left" | "right")[]) =>
    ways.map((way) => nodeTowards(placed, id, way));
  expect(from("plan", "left", "right", "down", "up")).toEqual(["start", "edit", "hasty", null]);
  expect(from("test", "right", "down")).toEqual([null, "ask"]);
  expect(from("gone", "down")).toEqual(["start"]);
});

test("no two nodes of any tree stand on one place, and none stands left of its parent", () => {
  assert(
    property(array(integer({ min: 0, max: 30 }), { maxLength: 60 }), (parents) => {
      const nodes: TaskNode[] = [node("0", null, 100)];
      for (const [at, parent] of parents.entries()) {
        nodes.push(node(String(at + 1), String(Math.min(parent, at)), 100 - at));
      }
      const whole = forestOf("0", nodes);
      const all = shownNodes(whole, new Set(whole.nodes.keys()));
      const { placed } = layOut(all, { widthOf: () => 10, shareOf: () => 0.5 });
      expect(placed).toHaveLength(nodes.length);
      expect(new Set(placed.map((one) => `${one.x} ${one.y}`)).size).toBe(nodes.length);
      const by = new Map(placed.map((one) => [one.id, one]));
      for (const one of placed) {
        const parent = by.get(whole.parents.get(one.id) ?? "");
        if (parent) expect(one.x > parent.x && one.y >= parent.y).toBe(true);
      }
    }),
  );
});

const rate = (value: number, n: number) => ({
  value,
  n,
  interval: { low: 0, high: 1, confidence: 0.95, method: "wilson" as const },
});

test("few sessions have no color, however well they did", () => {
  expect(shadeOf(node("a", null, 3, { success: rate(1, 3) }))).toBe("few");
  expect(shadeOf(node("a", null, 90, { success: rate(1, 90) }))).toBe("6");
  expect(shadeOf(node("a", null, 90, { success: rate(0, 90) }))).toBe("1");
  expect(shadeOf(node("a", null, 90))).toBe("none");
});

test("a change is colored and told only where its interval leaves out zero", () => {
  const side = {
    reached: rate(1, 50),
    success: rate(1, 50),
    cost_to_go: rate(1, 50),
    people: rate(0, 50),
  };
  const none = { value: -0.09, low: -0.19, high: 0.01, verdict: "no_difference_found" as const };
  const compare = {
    a: { sessions: 52, ...side },
    b: { sessions: 43, ...side },
    reached: none,
    moved: "no_difference_found" as const,
    success: none,
    cost_to_go: none,
    people: none,
  };
  const same = node("a", null, 95, { compare });
  expect([shadeOf(same), figureOf(same)]).toEqual(["same", "52 → 43 sessions"]);
  const worse = node("a", null, 95, {
    compare: { ...compare, success: { value: -0.2, low: -0.3, high: -0.1, verdict: "worse" } },
  });
  expect(shadeOf(worse)).toBe("changed");
  expect(figureOf(worse)).toMatch(/^▼ −20.pts worse$/);
});

test("repetitions are told with how often, and nothing where there were none", () => {
  const loops = { repeated: 4, median: 1, most: 9, distribution: [] };
  expect(loopOf(node("a", null, 9, { loops }))).toBe("↻ 1–9");
  expect(loopOf(node("a", null, 9, { loops: { ...loops, repeated: 0 } }))).toBe("");
  expect(nameOf(node("a~", null, 9, { kind: "others", folded: 7 }))).toBe("7 rarer ways");
});

test("a table sorted by a figure has what nobody knows last, both ways", () => {
  const rows = [
    node("low", null, 9, { success: rate(0.2, 9) }),
    node("unknown", null, 9),
    node("high", null, 9, { success: rate(0.8, 9) }),
  ];
  expect(sortedNodes(rows, "-success").map((one) => one.id)).toEqual(["high", "low", "unknown"]);
  expect(sortedNodes(rows, "success").map((one) => one.id)).toEqual(["low", "high", "unknown"]);
});
