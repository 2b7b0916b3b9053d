import { describe, expect, it } from "vitest";
import { attributeLines, fieldLines } from "@/screens/session/tree/facts";
import {
  ancestorsOf,
  errorPaths,
  ORPHANS,
  passing,
  siblingsOf,
  visibleRows,
} from "@/screens/session/tree/visible";
import { KINDS, treeOf } from "./columns";

/** 0 ┬ 1 ─ 3 (failed, recovered); 0 └ 2; 4 ─ 5 (failed): a root of its own. */
const tree = treeOf([
  { start: 0, duration: 9, kind: 0, name: 0 },
  { start: 1, duration: 2, kind: 0, name: 1, parent: 0 },
  { start: 4, duration: 2, kind: 2, name: 2, parent: 0 },
  { start: 5, duration: 1, kind: 2, name: 3, parent: 1, error: 1, episode: 3 },
  { start: 6, duration: 1, kind: 0, name: 4 },
  { start: 7, duration: 1, kind: 1, name: 5, parent: 4, error: 1, episode: -1 },
]);
const texts = {
  names: ["lead", "planner", "read", "bash", "coder", "gpt"],
  kinds: [...KINDS],
  agents: [""],
};
const all = { closed: new Set<number>(), passes: null, orphans: new Set<number>() };

describe("the rows of the tree", () => {
  it("stand below their parents, whatever their order in time", () => {
    expect([...visibleRows(tree, all).rows]).toEqual([0, 1, 3, 2, 4, 5]);
  });

  it("below a closed one are not shown, and know no place", () => {
    const { rows, places } = visibleRows(tree, { ...all, closed: new Set([1, 4]) });
    expect([...rows]).toEqual([0, 1, 2, 4]);
    expect(places[3]).toBe(-1);
    expect(places[2]).toBe(2);
  });

  it("whose parent never arrived stand last, under a heading", () => {
    const { rows } = visibleRows(tree, { ...all, orphans: new Set([0]) });
    expect([...rows]).toEqual([4, 5, ORPHANS, 0, 1, 3, 2]);
  });

  it("that pass the filter keep what is above them, also where it was closed", () => {
    const passes = passing(tree, texts, "bash");
    const { rows } = visibleRows(tree, { ...all, closed: new Set([0, 1]), passes });
    expect([...rows]).toEqual([0, 1, 3]);
  });

  it("have no heading of orphans where the filter leaves none", () => {
    const passes = passing(tree, texts, "gpt");
    const { rows } = visibleRows(tree, { ...all, passes, orphans: new Set([0]) });
    expect([...rows]).toEqual([4, 5]);
  });
});

describe("the filter", () => {
  it("wants every word, in name, kind or agent, and knows errors", () => {
    expect([...(passing(tree, texts, "tool error") ?? [])]).toEqual([0, 0, 0, 1, 0, 0]);
    expect([...(passing(tree, texts, "FAILED") ?? [])]).toEqual([0, 0, 0, 1, 0, 1]);
    expect(passing(tree, texts, "  ")).toBeNull();
  });
});

describe("the way to an error", () => {
  it("is loud from the root to the leaf, and quiet where something recovered from it", () => {
    expect([...errorPaths(tree)]).toEqual([1, 1, 0, 1, 2, 2]);
  });

  it("stays quiet where a parent only passes on what was recovered", () => {
    const passed = treeOf([
      { start: 0, duration: 3, kind: 0, error: 1 },
      { start: 1, duration: 1, parent: 0, error: 1, episode: 3 },
    ]);
    expect([...errorPaths(passed)]).toEqual([1, 1]);
  });
});

it("siblings are counted per parent, roots as siblings of each other", () => {
  const { place, size } = siblingsOf(tree);
  expect([...place]).toEqual([1, 1, 2, 1, 2, 1]);
  expect([...size]).toEqual([2, 2, 2, 1, 2, 1]);
  expect(ancestorsOf(tree, 3)).toEqual([1, 0]);
});

it("a tree of 10,000 levels and a fan-out of 50,000 are laid out", () => {
  const deep = treeOf(
    Array.from({ length: 10_000 }, (_, row) => ({ start: row, duration: 1, parent: row - 1 })),
  );
  expect(visibleRows(deep, all).rows).toHaveLength(10_000);
  const wide = treeOf(
    Array.from({ length: 50_000 }, (_, row) => ({ start: row, duration: 1, parent: row ? 0 : -1 })),
  );
  expect(siblingsOf(wide).size[9]).toBe(49_999);
});

describe("a span's lines", () => {
  it("name the attribute that a field was read from", () => {
    const lines = fieldLines(
      { kind: "model", agent: "planner", usage: { input_tokens: 3 }, tags: ["a"], cost_usd: null },
      { agent: "gen_ai.agent.name", usage: "gen_ai.usage" },
    );
    expect(lines).toEqual([
      { name: "agent", value: "planner", from: "gen_ai.agent.name" },
      { name: "usage.input_tokens", value: "3", from: "gen_ai.usage" },
      { name: "tags", value: '["a"]' },
    ]);
  });

  it("of attributes are as they were sent, by name", () => {
    expect(attributeLines({ b: 1, a: "x" })).toEqual([
      { name: "a", value: "x" },
      { name: "b", value: "1" },
    ]);
    expect(attributeLines(undefined)).toEqual([]);
  });
});
