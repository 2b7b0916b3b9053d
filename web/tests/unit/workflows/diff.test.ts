/** Two texts as rows: every line of both is told once, in order, and what is equal is folded. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { folded, type Row, rowsOf } from "../../../src/screens/workflows/compare/diff/rows";

const sideText = (rows: readonly Row[], side: "before" | "after") =>
  rows.flatMap((row) => row[side]?.pieces.map((piece) => piece.text).join("") ?? []);
const lines = (text: string) => {
  const all = text.split("\n");
  if (all.at(-1) === "") all.pop();
  return all;
};

describe("rows", () => {
  test("a changed line is told word by word", () => {
    const [row] = rowsOf("ask a person when unsure\n", "ask a person above $500\n");
    expect(row?.kind).toBe("changed");
    const differing = (row?.before?.pieces ?? []).filter((piece) => piece.differs);
    expect(differing.map((piece) => piece.text)).toEqual(["when", "unsure"]);
    expect(row?.after?.pieces.some((piece) => !piece.differs)).toBe(true);
  });

  test("lines with nothing in common are told whole", () => {
    const [row] = rowsOf("one two three\n", "vier fuenf sechs\n");
    expect(row?.before?.pieces).toEqual([{ text: "one two three", differs: true }]);
  });

  test("every line of both texts stands once, in order, with its number", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c d e", "", "x y"), { maxLength: 30 })
      .map((some) => some.join("\n"));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const rows = rowsOf(before, after);
        expect(sideText(rows, "before")).toEqual(lines(before));
        expect(sideText(rows, "after")).toEqual(lines(after));
        const numbers = rows.flatMap((row) => row.before?.line ?? []);
        expect(numbers).toEqual(numbers.map((_, at) => at + 1));
      }),
      { numRuns: 200 },
    );
  });

  test("200 kB are compared within a second", () => {
    const before = Array.from({ length: 4_000 }, (_, at) => `line ${at} ${"word ".repeat(8)}`);
    const after = before.map((line, at) => (at % 100 === 0 ? `${line}changed` : line));
    const began = performance.now();
    const rows = rowsOf(before.join("\n"), after.join("\n"));
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(rows.filter((row) => row.kind !== "same")).toHaveLength(40);
  });
});

describe("folding", () => {
  const same = Array.from({ length: 40 }, (_, at) => `line ${at}`).join("\n");

  test("three lines stay around a change, the rest is one line", () => {
    const shown = folded(rowsOf(same, same.replace("line 20\n", "line zwanzig\n")));
    const folds = shown.flatMap((one) => ("from" in one ? [one.rows.length] : []));
    expect(folds).toEqual([17, 16]);
    expect(shown).toHaveLength(2 + 3 + 1 + 3);
  });

  test("nothing is lost by it", () => {
    const rows = rowsOf(same, `${same}\nmore`);
    const all = folded(rows).flatMap((one) => ("from" in one ? one.rows : [one]));
    expect(all).toEqual(rows);
  });
});
