import { describe, expect, test } from "vitest";
import { errorsText, peopleText, sourceText } from "@/screens/session/header/words";
import { missingText } from "@/screens/session/live/missing";
import { actText } from "@/screens/session/replay/entries/acts";
import { beginning } from "@/screens/session/replay/entries/lines";
import { untilNext } from "@/screens/session/replay/play";
import {
  indexOfStep,
  isSubAgent,
  stepsAround,
  visibleSteps,
} from "@/screens/session/replay/visible";
import { act, model } from "./made";

describe("which steps the transcript shows", () => {
  const session = model([
    { kind: "agent" },
    { kind: "agent", parent: 0, depth: 1 },
    { parent: 1, depth: 2 },
    { kind: "agent", parent: 1, depth: 2 },
    { parent: 3, depth: 3 },
    { parent: 0, depth: 1 },
  ]);

  test("a closed sub-agent hides what it did, the first agent is never closed", () => {
    expect([...visibleSteps(session, () => false, null)]).toEqual([1, 2, 6]);
    expect([...visibleSteps(session, (step) => step === 2, null)]).toEqual([1, 2, 3, 4, 6]);
    expect([...visibleSteps(session, () => true, null)]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(isSubAgent(session, 1)).toBe(false);
  });

  test("a range leaves only its steps", () => {
    expect([...visibleSteps(session, () => true, { from: 3, to: 4 })]).toEqual([3, 4]);
  });

  test("the steps around one are known from the inside out", () => {
    expect(stepsAround(session, 5)).toEqual([4, 2, 1]);
  });

  test("a hidden step stands at the shown one before it", () => {
    expect(indexOfStep(Int32Array.from([1, 2, 6]), 4)).toBe(1);
    expect(indexOfStep(Int32Array.from([1, 2, 6]), 6)).toBe(2);
  });
});

describe("how much of a text is shown", () => {
  test("a text that fits is whole", () => {
    expect(beginning("a\nb\nc", 8, 80)).toEqual({ text: "a\nb\nc", left: 0 });
  });

  test("one that is two lines longer is whole too: the fold itself takes a line", () => {
    const text = Array.from({ length: 10 }, (_, at) => `line ${at}`).join("\n");
    expect(beginning(text, 8, 80).left).toBe(0);
  });

  test("a longer one ends after its lines and tells how many follow", () => {
    const text = Array.from({ length: 49 }, (_, at) => `line ${at}`).join("\n");
    const { text: shown, left } = beginning(text, 8, 80);
    expect(shown.split("\n")).toHaveLength(8);
    expect(left).toBe(41);
  });

  test("a single endless line is cut, never inside of a character", () => {
    const { text, left } = beginning("😀".repeat(5000), 3, 81);
    expect(left).toBeGreaterThan(0);
    expect(text.endsWith("😀")).toBe(true);
  });
});

describe("playing", () => {
  const session = model(
    [
      { at: 0, took: 1000 },
      { at: 2000, took: 1000 },
      { at: 3000, took: 60_000, kind: "human" },
      { at: 63_000, took: 1000 },
    ],
    [act(2, 63_000, 60_000)],
  );

  test("in time it takes as long as it took, divided by the speed", () => {
    expect(untilNext(session, 1, "1", true)).toBe(2000);
    expect(untilNext(session, 1, "4", true)).toBe(500);
    expect(untilNext(session, 1, "step", true)).toBe(1000);
  });

  test("a wait is skipped where that is wanted, and sat out where it is not", () => {
    expect(untilNext(session, 3, "1", true)).toBeLessThan(1000);
    expect(untilNext(session, 3, "1", false)).toBe(60_000);
  });

  test("ends at the last step", () => {
    expect(untilNext(session, 4, "1", true)).toBeNull();
  });
});

describe("the header's words", () => {
  test("people are counted by what they did", () => {
    const by_kind = { approval: 2, correction: 1 };
    expect(peopleText({ count: 3, by_kind, pending: 0, waited_s: 1 })).toBe(
      "3 (2 approvals, 1 correction)",
    );
    expect(peopleText({ count: 0, by_kind: {}, pending: 0, waited_s: 0 })).toBe("");
    expect(peopleText({ count: 0, by_kind: {}, pending: 1, waited_s: null })).toBe("1 waiting");
  });

  test("errors are episodes, and those that ended well are told apart", () => {
    const told = (error_episodes: number, recovered: number, error_spans = error_episodes) =>
      errorsText({ error_episodes, recovered, error_spans });
    expect(told(4, 3)).toBe("4 error episodes, 3 recovered");
    expect(told(1, 1)).toBe("1 error episode, recovered");
    expect(told(2, 0)).toBe("2 error episodes, none recovered");
    expect(told(0, 0)).toBe("no errors");
    expect(told(0, 0, 2)).toBe("2 failed spans, no failed call");
  });

  test("an outcome says whose word it is", () => {
    const outcome = (source: "human" | "evaluator" | null, author: string | null) =>
      sourceText({ label: source ? "failure" : "unknown", source, author, reason: null });
    expect(outcome("evaluator", "tests_pass")).toBe("said by evaluator tests_pass");
    expect(outcome("human", null)).toBe("said by a person");
    expect(outcome(null, null)).toBe("nobody has said");
  });

  test("missing parts are named with their numbers", () => {
    const told = { missing_parents: 2, dropped: 0, problem_count: 0, open_spans: 1 } as const;
    expect(missingText({ ...told, status: "closed" })).toBe(
      "Parts are missing: 2 spans name a parent that never arrived; 1 span never ended.",
    );
    expect(missingText({ ...told, missing_parents: 0, status: "open" })).toBe("");
  });

  test("a request that nobody answered is not an approval", () => {
    expect(actText({ kind: "approval", decision: "none", pending: true })).toBe(
      "is waited for (approval)",
    );
    expect(actText({ kind: "approval", decision: "timeout", pending: false })).toBe(
      "did not answer in time",
    );
    expect(actText({ kind: "rejection", decision: "rejected", pending: false })).toBe("rejected");
  });
});
