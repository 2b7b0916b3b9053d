/** What the screens of workflows say, and what they leave to the server. */
import { describe, expect, test } from "vitest";
import type { Change, Meaning } from "../../../src/api/workflows";
import { rangeOf } from "../../../src/screens/workflows/address";
import { changeCommand, moveCommand } from "../../../src/screens/workflows/words/commands";
import { evidenceWords } from "../../../src/screens/workflows/words/evidence";
import { actorWords, moveWords, runningWords } from "../../../src/screens/workflows/words/moves";
import { canaryOf, leading, outcomesOf } from "../../../src/screens/workflows/words/outcomes";
import { memoryLines, sideWords } from "../../../src/screens/workflows/words/plan";
import { isUndecided, verdictWords } from "../../../src/screens/workflows/words/release";
import { asSentence, missingWords, needsWords } from "../../../src/screens/workflows/words/rule";
import { runsAs } from "../../../src/screens/workflows/words/running";
import { sessionsOf } from "../../../src/screens/workflows/words/sessions";
import {
  byArea,
  bySeverity,
  changesLine,
  isLimit,
} from "../../../src/screens/workflows/words/summary";
import { valueText } from "../../../src/screens/workflows/words/value";

describe("what runs", () => {
  test("both versions are told with their shares, one alone without", () => {
    expect(runningWords({ stable: 13, candidate: 14, share: 0.1 })).toBe(
      "v13 90\u00a0% · v14 10\u00a0%",
    );
    expect(runningWords({ stable: 13, candidate: null, share: 0 })).toBe("v13");
  });

  test.each([
    ["release", 14, null, 0, "released v14"],
    ["canary", 13, 14, 0.1, "started a canary of v14 with 10\u00a0%"],
    ["share", 13, 14, 0.25, "gave v14 25\u00a0%"],
    ["hold", 13, 14, 0.1, "held the canary of v14"],
    ["resume", 13, 14, 0.1, "let the canary of v14 go on with 10\u00a0%"],
    ["promote", 14, null, 0, "promoted v14 to everyone"],
    ["rollback", 13, null, 0, "rolled back to v13"],
    ["something new", 13, null, 0, "something new: v13"],
  ])("a %s is a sentence", (kind, stable, candidate, share, words) => {
    expect(moveWords({ kind, stable, candidate, share })).toBe(words);
  });

  test("the job that acts by itself has a name", () => {
    expect(actorWords("watch")).toBe("The watch");
    expect(actorWords("account:ana@example.com")).toBe("ana@example.com");
    expect(actorWords("key:ci")).toBe("key ci");
  });

  test("a version runs as what it is to each environment", () => {
    const version = (number: number) => ({ version: number, digest: "" });
    const environments = [
      { environment: "production", stable: version(13), candidate: version(14) },
      { environment: "staging", stable: version(14), candidate: null },
    ];
    expect(runsAs(environments, 14)).toEqual(["canary in production", "staging"]);
    expect(runsAs(environments, 12)).toEqual([]);
  });
});

describe("a plan", () => {
  test("an environment that never ran anything ran nothing", () => {
    expect(sideWords(null)).toBe("nothing");
    expect(sideWords({ stable: { version: 3, digest: "" }, candidate: null, share: 0 })).toBe("v3");
  });

  test("memory that stays needs no lines", () => {
    expect(memoryLines(null)).toEqual([]);
  });

  test("what becomes of memory is told in numbers", () => {
    const memory = {
      checkpoint: "easter",
      why: "version 13 names the checkpoint 'easter'",
      revert_id: "",
      writes: 14,
      entries: 9,
      stays: 2,
      readers: 1,
    };
    expect(memoryLines(memory)).toEqual([
      "version 13 names the checkpoint 'easter'",
      "14 writes will be hidden",
      "9 entries will read otherwise than now",
      "2 entries kept: somebody wrote later",
      "1 session has read what goes",
    ]);
  });
});

describe("a canary", () => {
  test("a promotion without a verdict is one without evidence", () => {
    expect(
      evidenceWords({ without_evidence: true, evidence: { verdict: "not_enough_data" } }),
    ).toBe("without evidence: not enough data");
    expect(evidenceWords({ without_evidence: true, evidence: {} })).toBe("without evidence");
    expect(evidenceWords({ without_evidence: false, evidence: { verdict: "better" } })).toBe(
      "better",
    );
    expect(evidenceWords({ without_evidence: false, evidence: {} })).toBe("");
  });

  test("no data is never told as no difference", () => {
    expect(verdictWords("not_enough_data")).toBe("Not enough data.");
    expect(verdictWords(null)).toBe("Not looked at yet.");
    expect(isUndecided("no_difference_found")).toBe(true);
    expect(isUndecided("worse")).toBe(false);
  });

  test("what is missing is rounded up, and told as about", () => {
    expect(needsWords({ more_sessions: 140, about_s: null })).toBe("about 140 more sessions");
    expect(needsWords({ more_sessions: 9, about_s: 7200 })).toBe(
      "about 9 more sessions (≈\u00a02\u00a0h 0\u00a0min)",
    );
    expect(needsWords({ more_sessions: null, about_s: null })).toBe("more than a million sessions");
    expect(needsWords(null)).toBe("");
    const row = (stable: number, candidate: number, verdict = "not_enough_data") => ({
      needs: null,
      stable: { n: stable },
      candidate: { n: candidate },
      difference: { verdict },
    });
    expect(missingWords(row(0, 0), false)).toBe("— no session tells it yet");
    expect(missingWords(row(4, 0), false)).toBe("— only one version has it so far");
    expect(missingWords(row(4, 5), false)).toBe("— estimated for completion only");
    expect(missingWords(row(4, 5), true)).toBe("— cannot be estimated yet");
    expect(missingWords(row(4, 5, "better"), false)).toBe("");
    expect(asSentence("completion: v14 90 %")).toBe("Completion: v14 90 %");
  });
});

describe("a comparison", () => {
  const meaning = (
    area: Meaning["area"],
    severity: Meaning["severity"],
    text: string,
  ): Meaning => ({
    area,
    severity,
    text,
  });

  test("what opens something is read first, and stands in the box of limits", () => {
    const lines = [
      meaning("models", "changes", "another model"),
      meaning("budgets", "narrows", "less money"),
      meaning("handoffs", "widens", "may hand over"),
    ];
    expect(bySeverity(lines).map((one) => one.text)).toEqual([
      "may hand over",
      "less money",
      "another model",
    ]);
    expect(lines.filter(isLimit).map((one) => one.text)).toEqual(["less money", "may hand over"]);
  });

  test("a line of the list says what changed, or which files did", () => {
    expect(changesLine({ summary: [meaning("tools", "changes", "a tool")], files: [] })).toBe(
      "a tool",
    );
    const file = { path: "workflow.yaml", kind: "changed", before: "", after: "" } as const;
    expect(changesLine({ summary: [], files: [file] })).toBe("workflow.yaml");
    expect(changesLine({ summary: [], files: [] })).toBe("the same content");
  });

  test("changes stand by area in the server's order", () => {
    const change = (area: Change["area"], path: string): Change => ({
      area,
      path,
      kind: "changed",
      before: 1,
      after: 2,
    });
    const areas = byArea([
      change("permissions", "a"),
      change("models", "b"),
      change("permissions", "c"),
    ]);
    expect(areas.map(({ area, changes }) => [area, changes.length])).toEqual([
      ["permissions", 2],
      ["models", 1],
    ]);
  });

  test("values are texts, and long ones are laid out", () => {
    expect(valueText(null)).toBe("");
    expect(valueText("2.50")).toBe("2.50");
    expect(valueText({ model: "gpt-5" })).toBe('{"model":"gpt-5"}');
    expect(valueText({ when: "x".repeat(100) })).toContain("\n");
  });

  test("the address of two versions", () => {
    expect(rangeOf("13...14")).toEqual({ from: "13", to: "14" });
    expect(rangeOf("good...14")).toEqual({ from: "good", to: "14" });
    expect(rangeOf("13..14")).toBeNull();
  });
});

describe("figures and filters", () => {
  test("sessions name versions as text", () => {
    const versions = [{ version: "14" }, { version: null }] as unknown as Parameters<
      typeof outcomesOf
    >[0];
    expect(outcomesOf(versions, 14)?.version).toBe("14");
    expect(outcomesOf(versions, 13)).toBeUndefined();
  });

  test("production leads, else what is first", () => {
    const line = (environment: string, stable: number) =>
      ({ environment, stable }) as Parameters<typeof leading>[0][number];
    expect(leading([line("dev", 3), line("production", 2)])).toBe(2);
    expect(leading([line("dev", 3)])).toBe(3);
    expect(leading([])).toBeNull();
  });

  test("a verdict is only of a canary of exactly these two", () => {
    const canary = { stable: { version: 1 }, candidate: { version: 2 } } as NonNullable<
      Parameters<typeof canaryOf>[0]
    >[number];
    expect(canaryOf([canary], 1, 2)).toBe(canary);
    expect(canaryOf([canary], 2, 1)).toBeUndefined();
  });

  test("a filter quotes what is no word", () => {
    expect(sessionsOf({ workflow: "fraud-triage", version: 14, outcome: "failure" })).toBe(
      "workflow:fraud-triage version:14 outcome:failure",
    );
    expect(sessionsOf({ workflow: 'a "b" \\c' })).toBe('workflow:"a \\"b\\" \\\\c"');
  });
});

describe("commands", () => {
  test("do what the dialog does", () => {
    expect(
      moveCommand(
        "fraud-triage",
        "production",
        {
          kind: "canary",
          version: "14",
          share: 0.1,
          sticky_by: "user",
          auto: true,
          rule: { limit: -0.05 },
        },
        "cheaper reviewer",
      ),
    ).toBe(
      "quarterdeck workflow release fraud-triage@14 --to production --share 10% --by user --auto --rule limit=-0.05 -m 'cheaper reviewer'",
    );
    expect(moveCommand("a", "production", { kind: "rollback", memory: "pinned" }, "")).toBe(
      "quarterdeck workflow rollback a --in production --memory pinned",
    );
  });

  test("another share is a command of its own", () => {
    expect(moveCommand("a", "production", { kind: "share", share: 0.25 }, "")).toBe(
      "quarterdeck workflow share a 25% --in production",
    );
  });

  test("what somebody typed can't become another command", () => {
    expect(moveCommand("a", "production", { kind: "rollback" }, "it's; rm -rf /")).toContain(
      `-m 'it'\\''s; rm -rf /'`,
    );
    expect(changeCommand({ workflow: "a b", version: 3 })).toContain("'a b@3'");
  });
});
