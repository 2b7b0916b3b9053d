import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partsOf, type Row } from "@/screens/session/cost/cuts";
import { LONGEST, wordsChanged } from "@/screens/session/people/changes";
import { whatWasDone } from "@/screens/session/people/words";
import { gapsOf } from "@/screens/session/problems/gaps";
import { cli, curl, filename, quoted, sessionPath } from "@/screens/session/raw/commands";

describe("a corrected text", () => {
  it("gives before and after back, whatever was changed", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const words = wordsChanged(before, after) ?? [];
        const without = (change: string) =>
          words
            .filter((word) => word.change !== change)
            .map((word) => word.text)
            .join("");
        expect(without("added")).toBe(before);
        expect(without("removed")).toBe(after);
      }),
    );
  });

  it("marks the words that differ and no others", () => {
    const words = wordsChanged("push to main", "push to release") ?? [];
    expect(words.filter((word) => word.change !== "kept").map((word) => word.text)).toEqual([
      "main",
      "release",
    ]);
  });

  it("that is too long is not compared word by word", () => {
    expect(wordsChanged("a".repeat(LONGEST), "b")).toBeNull();
  });
});

describe("what a person did", () => {
  it("is told by what came of it", () => {
    const act = { kind: "approval", pending: false, decision: "approved" } as const;
    expect(whatWasDone(act)).toBe("approved");
    expect(whatWasDone({ ...act, decision: "timeout" })).toBe("did not answer in time");
    expect(whatWasDone({ ...act, pending: true })).toContain("approval");
  });
});

describe("the parts of a cost's bar", () => {
  const row = (key: string, cost_usd: string | null) => ({ key, cost_usd }) as Row;

  it("add up to what the rows add up to, the small ones as one", () => {
    const rows = ["5", "4", "3", "2", "1", "0.5"].map((usd, at) => row(`m${at}`, usd));
    const parts = partsOf(rows);
    expect(parts).toHaveLength(5);
    expect(parts.at(-1)).toEqual({ key: "2 others", usd: 1.5 });
    expect(parts.reduce((sum, part) => sum + part.usd, 0)).toBe(15.5);
  });

  it("leave out what has no price: it is not zero wide, it is not there", () => {
    expect(partsOf([row("a", "1"), row("b", null)])).toEqual([{ key: "a", usd: 1 }]);
  });
});

describe("gaps", () => {
  it("are told with what they mean, and none where nothing is missing", () => {
    expect(gapsOf({ missing_parents: 0, dropped: 0, open_spans: 0, status: "closed" })).toEqual([]);
    const [parents, open, dropped] = gapsOf({
      missing_parents: 1,
      dropped: 3,
      open_spans: 2,
      status: "closed",
    });
    expect(parents?.what).toBe("1 span names a parent that never arrived");
    expect(open?.means).toContain("unknown");
    expect(dropped?.what).toBe("3 attributes were dropped by the sender");
  });
});

describe("commands", () => {
  const place = { origin: "http://127.0.0.1:4400", project: "acme", session: "it's; rm -rf $HOME" };

  it("hold an id as one word of the shell, whatever is in it", () => {
    expect(quoted("sess_abc")).toBe("sess_abc");
    expect(quoted(place.session)).toBe("'it'\\''s; rm -rf $HOME'");
    expect(cli(place, "show")).toContain(
      "quarterdeck sessions show --json 'it'\\''s; rm -rf $HOME'",
    );
    expect(curl(place, sessionPath("a b'c"))).toContain(
      "'http://127.0.0.1:4400/api/v1/sessions/a%20b'",
    );
  });

  it("do not take an id for an option", () => {
    expect(cli({ ...place, session: "-x" }, "show")).toMatch(/ -- -x$/);
  });

  it("show no key", () => {
    expect(curl(place, "/me")).toContain("$QUARTERDECK_API_KEY");
  });

  it("write to a file name that every system takes", () => {
    expect(filename("../../etc/passwd")).toBe("_.._etc_passwd.ndjson");
    expect(filename("…")).toBe("_.ndjson");
  });
});
