import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { fromSegment, segment } from "../../../src/app/address";
import { taskAddress, versions } from "../../../src/screens/tasks/address";

test.each([
  ["a/b", "a~1b"],
  ["a\\b~1", "a~2b~01"],
  ["..", "~3~3"],
  [".", "~3"],
  ["...", "..."],
  ["tau2:airline", "tau2:airline"],
])("a name is one segment of a path: %s", (name, written) => {
  expect(segment(name)).toBe(written);
  expect(fromSegment(written)).toBe(name);
});

test("any name comes back from its segment, which holds no slash and is no dots", () => {
  assert(
    property(string({ unit: "binary" }), (name) => {
      const written = segment(name);
      expect(fromSegment(written)).toBe(name);
      expect(written).not.toMatch(/[/\\]|^\.{1,2}$/);
    }),
  );
});

test("an address keeps what the screen knows and drops what it does not", () => {
  expect(taskAddress({ group: "words", min_share: "7", view: "tree", sessions: "1" })).toEqual({
    view: "tree",
    sessions: true,
  });
  expect(taskAddress({ min_share: "0", version: "13" })).toEqual({ min_share: 0 });
});

test("two versions are told apart by the first two dots", () => {
  expect(versions("13..14")).toEqual({ a: "13", b: "14" });
  expect(versions("13")).toBeNull();
  expect(versions("..14")).toBeNull();
});
