import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { ProjectShown } from "../../../src/api/settings";
import { matching } from "../../../src/screens/settings/audit/rows";
import { changed, changesBetween, settingsOf } from "../../../src/screens/settings/draft/changes";
import { earlierOf } from "../../../src/screens/settings/intake/became";
import { expiryOf } from "../../../src/screens/settings/keys/scopes";
import { setCommand, word } from "../../../src/screens/settings/pieces/shell";
import { piecesOf } from "../../../src/screens/settings/redaction/pieces";
import { daysOf } from "../../../src/screens/settings/retention/days";
import { SECTIONS, searched } from "../../../src/screens/settings/sections";
import { keyOf, problemOf } from "../../../src/screens/settings/session-key/rule";

test.each(["a b", "it's", "$(rm -rf /)", "`id`", "a\nb", "", "!x", "*", "~", "--yes", "ä"])(
  "a shell reads %j as one word, and as that word",
  (text) => {
    const read = execFileSync("sh", ["-c", `printf %s ${word(text)}`], { encoding: "utf8" });
    expect(read).toBe(text);
  },
);

test("a command sets what changed, as JSON where text would be read as something else", () => {
  expect(setCommand({})).toBe("");
  expect(setCommand({ retention_days: 90, name: "Night shift" })).toBe(
    "quarterdeck projects set retention_days=90 'name=Night shift'",
  );
  expect(setCommand({ name: "90" })).toBe(`quarterdeck projects set 'name="90"'`);
});

const project: ProjectShown = {
  project_id: "default",
  name: "Default",
  revision: "1",
  created_at: "2026-01-01T00:00:00Z",
  settings: {
    session_key: "",
    retention_days: null,
    redaction_patterns: [],
    human_tools: ["ask"],
    scripted_humans: false,
    price_overrides: [],
  },
};

test("only what is another value is a change, and it is told in words", () => {
  const before = settingsOf(project);
  expect(changed(before, { human_tools: ["ask"], retention_days: 0 })).toEqual({
    retention_days: 0,
  });
  expect(changesBetween(before, { ...before, retention_days: 30, scripted_humans: true })).toEqual([
    expect.objectContaining({ label: "Days kept", before: "the server's default", after: "30" }),
    expect.objectContaining({ label: "Simulated people", before: "no", after: "yes" }),
  ]);
});

test.each([
  ["ticket.id", { "ticket.id": "7" }, "7"],
  ["{tenant}:{ticket.id}", { tenant: "acme", "ticket.id": "7" }, "acme:7"],
  ["{tenant}:{ticket.id}", { tenant: "acme" }, ""],
])("the rule %s makes a key of %j", (rule, attributes, key) => {
  expect(keyOf(rule, attributes as Record<string, string>)).toBe(key);
});

test("a rule with an unclosed brace is told", () => {
  expect(problemOf("{tenant")).toBeDefined();
  expect(problemOf("tenant}")).toBeDefined();
  expect(problemOf("{tenant}/{id}")).toBeUndefined();
});

test("what is hidden is cut at characters, not at halves of them", () => {
  const hidden = [{ start: 2, end: 5, kind: "pattern" }];
  expect(piecesOf("🚢 abc!", hidden)).toEqual([
    { at: 0, text: "🚢 ", kind: null },
    { at: 2, text: "abc", kind: "pattern" },
    { at: 5, text: "!", kind: null },
  ]);
});

test.each([
  ["", null],
  ["0", 0],
  [" 90 ", 90],
  ["36501", undefined],
  ["1.5", undefined],
  ["-1", undefined],
])("%j days are %j", (typed, days) => {
  expect(daysOf(typed)).toBe(days);
});

test("a key ends when it was told, and not in the past", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(expiryOf("never", "", now)).toBeNull();
  expect(expiryOf("30", "", now)).toBe("2026-01-31T00:00:00.000Z");
  expect(expiryOf("date", "2026-02-01", now)).toBe("2026-02-01T00:00:00.000Z");
  expect(expiryOf("date", "2025-02-01", now)).toBeUndefined();
  expect(expiryOf("date", "soon", now)).toBeUndefined();
});

test("rows of the audit are found by every word, also of their details", () => {
  const entry = {
    at: "",
    actor: "cli",
    action: "key.create",
    target: "k1",
    details: { name: "x" },
  };
  expect(matching([entry], "KEY x")).toEqual([entry]);
  expect(matching([entry], "key z")).toEqual([]);
});

test("the search finds a section by what it holds, and all of them by nothing", () => {
  expect(searched("")).toHaveLength(SECTIONS.length);
  expect(searched("dark").map((found) => found.section.id)).toEqual(["preferences"]);
  expect(searched("no such thing")).toEqual([]);
});

test("what was received before the hour is told apart, so that the sum holds", () => {
  const none = { ignored: 0, rejected: 0, quarantined: 0, pending: 0, refused: 0 };
  const told = { minutes: 60, requests: 1, items_per_s: 0, duplicate: 2, ...none };
  expect(earlierOf({ ...told, received: 10, stored: 8 })).toBe(0);
  expect(earlierOf({ ...told, received: 10, stored: 11 })).toBe(3);
});
