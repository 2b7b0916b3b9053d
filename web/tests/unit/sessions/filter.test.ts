import fc from "fast-check";
import { expect, test } from "vitest";
import { completions } from "../../../src/screens/sessions/filter/complete";
import {
  boundOf,
  hasValue,
  quoted,
  termsOf,
  withBound,
  withoutField,
  withoutTerm,
  withoutValue,
  withValue,
} from "../../../src/screens/sessions/filter/terms";

const parts = (q: string) =>
  termsOf(q).map(({ field, values, negated }) => [field, values, negated]);

test.each([
  ["", []],
  ["outcome:failure", [["outcome", ["failure"], false]]],
  [
    "tool:bash,Read  -tag:test",
    [
      ["tool", ["bash", "Read"], false],
      ["tag", ["test"], true],
    ],
  ],
  [
    '"free text" errors:>3',
    [
      [null, ["free text"], false],
      ["errors", [">3"], false],
    ],
  ],
  ['task:"a \\"b\\", c",d', [["task", ['a "b", c', "d"], false]]],
  ['workflow:""', [["workflow", [""], false]]],
  ['tool:"never closed', [["tool", ["never closed"], false]]],
  ["-", [[null, ["-"], false]]],
])("terms of %s", (q, told) => expect(parts(q)).toEqual(told));

test("a second value of a field widens it, a second tag is one more term", () => {
  const one = withValue("errors:>0", "tool", "bash");
  expect(one).toBe("errors:>0 tool:bash");
  expect(withValue(one, "tool", "two words")).toBe('errors:>0 tool:bash,"two words"');
  expect(withValue("tag:a", "tag", "b")).toBe("tag:a tag:b");
  expect(withValue(one, "tool", "bash")).toBe(one);
});

test("a denied value is not one that the filter asks for", () => {
  expect(hasValue("-tool:bash", "tool", "bash")).toBe(false);
  expect(withValue("-tool:bash", "tool", "bash")).toBe("-tool:bash tool:bash");
});

test("the last value takes its term along", () => {
  expect(withoutValue("a tool:x,y b", "tool", "x")).toBe("a tool:y b");
  expect(withoutValue("a tool:y b", "tool", "y")).toBe("a b");
  expect(withoutField("tool:x a -tool:y", "tool")).toBe("a");
});

test("a bound replaces the one of its direction and leaves the other", () => {
  expect(withBound("cost:>=1 cost:<=5", "cost", ">=", "2")).toBe("cost:<=5 cost:>=2");
  expect(withBound("cost:>=1 a", "cost", ">=", "")).toBe("a");
  expect(boundOf("cost:<=5", "cost", "<=")).toBe("5");
});

test("any value comes back out of a filter as it was put in", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.constantFrom("tool", "tag"),
      (value, field) => {
        const q = withValue("outcome:failure", field, value);
        expect(termsOf(q)).toHaveLength(2);
        expect(hasValue(q, field, value)).toBe(true);
        expect(withoutValue(q, field, value)).toBe("outcome:failure");
      },
    ),
  );
});

test("terms cover all that is not space, in order, and each can be taken away", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), (q) => {
      const terms = termsOf(q);
      const ends = terms.flatMap((term) => [term.start, term.end]);
      expect(ends).toEqual([...ends].sort((a, b) => a - b));
      expect(
        terms
          .map((term) => term.text)
          .join("")
          .replace(/\s/g, ""),
      ).toBe(q.replace(/\s/g, ""));
      for (const term of terms) expect(withoutTerm(q, term).length).toBeLessThan(q.length);
    }),
  );
});

const known = {
  tool: [
    { value: "bash", sessions: 9 },
    { value: "two words", sessions: 3 },
  ],
  outcome: [{ value: "failure", sessions: 5 }],
};
const offered = (q: string, cursor = q.length) =>
  completions(q, cursor, known).map((one) => one.text);

test("a field is completed by its beginning, and waits for its value", () => {
  const [first] = completions("outcome:failure to", 18, known);
  expect(first).toMatchObject({ text: "tool:", q: "outcome:failure tool:", isOpen: true });
});

test("values come from what the sessions have, quoted where they have to be", () => {
  expect(offered("tool:")).toEqual(["bash", "two words"]);
  expect(completions("tool:bash,t", 11, known)[0]?.q).toBe('tool:bash,"two words" ');
  expect(offered("-tool:b")).toEqual(["bash"]);
});

test("known words are offered even where no session has them, the frequent ones first", () => {
  expect(offered("outcome:")[0]).toBe("failure");
  expect(offered("outcome:")).toContain("abandoned");
});

test("a number's comparisons are offered, and nothing after them", () => {
  expect(offered("cost:")).toEqual(["cost:>", "cost:>=", "cost:<", "cost:<="]);
  expect(offered("cost:>5")).toEqual([]);
});

test("words to be searched for, and fields that nobody knows, offer nothing", () => {
  expect(offered('"out')).toEqual([]);
  expect(offered("nonsense:a")).toEqual([]);
});

test("a completion in the middle leaves the rest", () => {
  const [first] = completions("tool:b errors:>0", 6, known);
  expect(first?.q).toBe("tool:bash errors:>0");
});

test("quotes only where they are needed", () => {
  expect(quoted("a/b.c@1")).toBe("a/b.c@1");
  expect(quoted("-a")).toBe('"-a"');
  expect(quoted("")).toBe('""');
});
