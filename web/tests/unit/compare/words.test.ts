import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { rangeText, wordPieces } from "../../../src/screens/compare/words";

test("words that were changed are told apart from those that stayed", async () => {
  const pieces = await wordPieces("run cargo test now", "run cargo test --lib auth now");
  expect(pieces.filter((one) => one.change === "removed")).toEqual([]);
  expect(pieces.find((one) => one.change === "added")?.text.trim()).toBe("--lib auth");
});

test("both texts can be put together again from the pieces", async () => {
  const cases: [string, string][] = [["", ""]];
  assert(
    property(string(), string(), (a, b) => {
      cases.push([a, b]);
    }),
    { numRuns: 50 },
  );
  for (const [a, b] of cases) {
    const pieces = await wordPieces(a, b);
    const without = (change: string) =>
      pieces
        .filter((one) => one.change !== change)
        .map((one) => one.text)
        .join("");
    expect([without("added"), without("removed")]).toEqual([a, b]);
  }
});

test("texts with little in common are told one after the other", async () => {
  const pieces = await wordPieces("I need some help with it", "An order of mine was lost");
  expect(pieces.map((one) => one.change)).toEqual(["removed", "added"]);
});

test("a range of one step is one number, and of none nothing", () => {
  expect([rangeText(12, 40), rangeText(7, 7), rangeText(null, null)]).toEqual(["12–40", "7", ""]);
});
