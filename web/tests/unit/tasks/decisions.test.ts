import { expect, test } from "vitest";
import type { DecisionNode } from "../../../src/api/tasks";
import { rowOfStep, rowsOf } from "../../../src/screens/session/decisions/rows";
import { leftText, roundsText, statusOf } from "../../../src/screens/session/decisions/words";

const ROOT: DecisionNode = {
  id: "0",
  kind: "start",
  label: "task",
  children: [
    {
      id: "0.0",
      kind: "agent",
      label: "coder",
      steps: [1],
      children: [
        {
          id: "0.0.0",
          kind: "choice",
          label: "model",
          steps: [2],
          children: [{ id: "0.0.0.0", kind: "tool", label: "bash", status: "error", steps: [3] }],
        },
        {
          id: "0.0.1",
          kind: "choice",
          label: "model",
          steps: [4],
          children: [
            {
              id: "0.0.1.0",
              kind: "parallel",
              label: "2 at once",
              children: [
                { id: "0.0.1.0.0", kind: "tool", label: "read", steps: [5] },
                { id: "0.0.1.0.1", kind: "tool", label: "grep", steps: [6] },
              ],
            },
          ],
        },
      ],
    },
    { id: "0.end", kind: "end", label: "success" },
  ],
};

test("a choice of one thing is one line with it; of several it is a branch", () => {
  const rows = rowsOf(ROOT, new Set());
  expect(rows.map((row) => [row.id, row.level, row.chosen?.label ?? ""])).toEqual([
    ["0.0", 1, ""],
    ["0.0.0", 2, "bash"],
    ["0.0.1", 2, ""],
    ["0.0.1.0", 3, ""],
    ["0.0.1.0.0", 4, ""],
    ["0.0.1.0.1", 4, ""],
    ["0.end", 1, ""],
  ]);
  expect(rows[3]?.step).toBe(5);
});

test("a step is selected in the innermost line that is shown", () => {
  const rows = rowsOf(ROOT, new Set());
  expect(rows[rowOfStep(rows, 3)]?.id).toBe("0.0.0");
  expect(rows[rowOfStep(rows, 6)]?.id).toBe("0.0.1.0.1");
  const folded = rowsOf(ROOT, new Set(["0.0.1"]));
  expect(folded[rowOfStep(folded, 6)]?.id).toBe("0.0.1");
  expect(rowOfStep([], 1)).toBe(-1);
});

test("a range leaves what has a step in it, and what is above that", () => {
  const rows = rowsOf(ROOT, new Set(), { from: 6, to: 9 });
  expect(rows.map((row) => row.id)).toEqual(["0.0", "0.0.1", "0.0.1.0", "0.0.1.0.1"]);
});

test("rounds, attempts that were given up, and ends that are not ordinary are told in words", () => {
  const loop: DecisionNode = { id: "1", kind: "loop", label: "x", count: 3 };
  expect(roundsText({ ...loop, statuses: { ok: 3 } })).toBe("↻ 3 rounds");
  expect(roundsText({ ...loop, statuses: { ok: 2, error: 1 } })).toBe("↻ 3 rounds: 2 ok, 1 error");
  const tried: DecisionNode = { id: "2", kind: "tool", label: "x", left: true, total_usd: "2.10" };
  expect(leftText(tried)).toBe("given up after $2.10");
  expect(leftText({ ...tried, left: false })).toBe("");
  expect([statusOf({ ...tried, status: "ok" }), statusOf({ ...tried, status: "error" })]).toEqual([
    "",
    "error",
  ]);
});
