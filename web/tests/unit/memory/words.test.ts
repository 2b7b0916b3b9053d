/** The words and the selections of memory. */
import { describe, expect, test } from "vitest";
import { memoryAddress, read, revertAddress, written } from "@/screens/memory/address";
import { partsOf } from "@/screens/memory/entries/parts";
import { historyCommand } from "@/screens/memory/words/commands";
import { scopeWords } from "@/screens/memory/words/places";
import { actWords, isNothing, nothingWords } from "@/screens/memory/words/plan";
import { instantError, revertCommand, selectionOf, wayOf } from "@/screens/memory/words/selection";
import { isFound, stateWords } from "@/screens/memory/words/state";
import { shortValue, wholeValue } from "@/screens/memory/words/value";

const NOW = Date.UTC(2026, 3, 12, 10);

describe("addresses", () => {
  test.each(["", "production", "~", "~staging", "a/b"])("%j is read as it was written", (name) => {
    const text = written(name);
    expect(text).not.toBe("");
    expect(read(text)).toBe(name);
  });

  test("what is not said is all of them", () => {
    expect(read(undefined)).toBeUndefined();
    expect(memoryAddress({ environment: "", q: "" })).toEqual({});
  });

  test("a version that is no number is left out", () => {
    expect(revertAddress({ workflow: "x", version: "new" })).toEqual({ workflow: "x" });
    expect(revertAddress({ version: "14", by: "nobody" })).toEqual({ version: 14 });
  });
});

describe("which writes a revert is about", () => {
  test("an address that names neither who nor when nor a checkpoint asks for nothing", () => {
    expect(selectionOf({}, NOW)).toBeNull();
    expect(selectionOf({ by: "session", namespace: "notes", environment: "~" }, NOW)).toBeNull();
    expect(selectionOf({ version: 14 }, NOW)).toBeNull();
  });

  test("a relative time is an instant from when it was chosen", () => {
    expect(selectionOf({ since: "24h" }, NOW)).toEqual({ since: "2026-04-11T10:00:00.000Z" });
  });

  test("the empty environment is one, and left out it is all", () => {
    expect(selectionOf({ session: "s", environment: "~" }, NOW)).toEqual({
      session_id: "s",
      environment: "",
    });
    expect(selectionOf({ session: "s" }, NOW)).toEqual({ session_id: "s" });
  });

  test("a version belongs to its workflow", () => {
    expect(selectionOf({ workflow: "refunds", version: 2, user: "u" }, NOW)).toEqual({
      workflow: "refunds",
      version: 2,
      user: "u",
    });
  });

  test.each(["yesterday", "2026-13-41", "10:15", "2026-04-12T10:15", "-5h"])(
    "%s is no point in time, so nothing is asked",
    (since) => {
      expect(instantError(since)).toBeDefined();
      expect(selectionOf({ since }, NOW)).toBeNull();
    },
  );

  test.each(["", "7d", "2026-04-12", "2026-04-12T10:15Z", "2026-04-12T10:15:03+02:00"])(
    "%j is a point in time",
    (since) => expect(instantError(since)).toBeUndefined(),
  );

  test("the way is what the address names first", () => {
    expect(wayOf({})).toBe("session");
    expect(wayOf({ workflow: "x", user: "u" })).toBe("version");
    expect(wayOf({ checkpoint: "c" })).toBe("checkpoint");
    expect(wayOf({ until: "7d" })).toBe("time");
    expect(wayOf({ by: "user", session: "s" })).toBe("user");
  });

  test("the command means the same, and can't become another one", () => {
    expect(revertCommand({ session: "a; rm -rf ~", environment: "~" })).toBe(
      "quarterdeck memory revert --session 'a; rm -rf ~' --environment '' --dry-run",
    );
    expect(revertCommand({ workflow: "refunds", version: 2, since: "24h" })).toBe(
      "quarterdeck memory revert --workflow refunds --version 2 --since 24h --dry-run",
    );
  });
});

describe("what a revert would do", () => {
  const plan = (writes: number, shows: number, goes: number) => ({
    writes,
    shows,
    totals: { goes, stays: 0, readers: 0, tainted_writes: 0 },
  });

  test.each([
    [plan(3, 0, 2), "Revert 3 writes; 2 entries change"],
    [plan(1, 0, 1), "Revert 1 write; 1 entry changes"],
    [plan(2, 1, 3), "Revert 2 writes, show 1 write again; 3 entries change"],
    [plan(0, 4, 4), "Show 4 writes again; 4 entries change"],
  ])("the button has the numbers", (of, words) => expect(actWords(of)).toBe(words));

  test("nothing hidden and nothing shown is nothing", () => {
    expect(isNothing(plan(0, 0, 0))).toBe(true);
    expect(isNothing(plan(0, 1, 0))).toBe(false);
  });

  test("no value and a value of null are told apart", () => {
    expect(nothingWords({ becomes: "gone" }, "after")).toBe("nothing");
    expect(nothingWords({ becomes: "gone" }, "now")).toBeNull();
    expect(nothingWords({ becomes: "earlier" }, "after")).toBeNull();
    expect(nothingWords({ becomes: "back" }, "now")).toBe("nothing");
    expect(shortValue(null)).toBe("null");
  });
});

describe("what became of a write", () => {
  const write = { current: true, hidden: false, deleted: false, expired: false };

  test.each([
    [write, "found now", true],
    [{ ...write, current: false }, "overwritten later", false],
    [{ ...write, hidden: true }, "hidden by a revert", false],
    [{ ...write, deleted: true }, "deleted", false],
    [{ ...write, expired: true }, "expired", false],
  ])("is told, and only one is found", (of, words, found) => {
    expect(stateWords(of)).toBe(words);
    expect(isFound(of)).toBe(found);
  });
});

test("values are texts as they are, and anything else as JSON", () => {
  expect(shortValue("a\nb")).toBe("a\nb");
  expect(shortValue({ usd: 9 })).toBe('{"usd":9}');
  expect(wholeValue({ usd: 9 })).toBe('{\n  "usd": 9\n}');
});

test("a filter's parts can each be taken away", () => {
  const parts = partsOf({ q: "refund", environment: "~", scope: "user:u-7", version: 2 });
  expect(parts.map((part) => part.text)).toEqual([
    "words: refund",
    "environment: no environment",
    "scope: user u-7",
    "version: 2",
  ]);
  expect(parts[0]?.without).toEqual({ q: undefined });
});

test("a scope is told in words, also one that has no kind", () => {
  expect(scopeWords("")).toBe("everybody's");
  expect(scopeWords("user:u-7")).toBe("user u-7");
  expect(scopeWords("team")).toBe("team");
});

test("a key that begins with a dash is no option", () => {
  expect(historyCommand({ environment: "", namespace: "n", scope: "", key: "--help" })).toBe(
    "quarterdeck memory history -- n --help",
  );
});
