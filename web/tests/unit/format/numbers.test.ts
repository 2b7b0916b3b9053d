/** Counts, money, durations, ids, versions, tokens: rules and examples. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  counted,
  exactCount,
  formatBytes,
  formatCount,
  formatDuration,
  formatMoney,
  formatTokens,
  formatUsd,
  formatVersion,
  formatWithWaiting,
  shortId,
} from "@/format";

/** Spaces before units don't break; written plainly here. */
const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("counts are exact below 10,000 and have three figures above", () => {
  test.each([
    [0, "0"],
    [9412, "9,412"],
    [9999, "9,999"],
    [10_000, "10.0 k"],
    [37_312, "37.3 k"],
    [612_345, "612 k"],
    [999_949, "1.00 M"],
    [45_012_705, "45.0 M"],
    [-37_312, "−37.3 k"],
    [0.75, "0.75"],
    [12.34, "12.3"],
  ])("%s is %s", (value, text) => {
    expect(plain(formatCount(value, "en"))).toBe(text);
  });

  test("the exact one is for the tooltip", () => {
    expect(exactCount(45_012_705, "en")).toBe("45,012,705");
    expect(exactCount(45_012_705, "de")).toBe("45.012.705");
  });

  test("a word follows in its number", () => {
    expect(counted(1, "session", undefined, "en")).toBe("1 session");
    expect(counted(0, "session", undefined, "en")).toBe("0 sessions");
    expect(counted(null, "session")).toBe("unknown");
  });

  test("bytes go by thousands", () => {
    expect(
      [0, 999, 1000, 612_000, 999_950, 1_200_000].map((n) => plain(formatBytes(n, "en"))),
    ).toEqual(["0 B", "999 B", "1.0 kB", "612 kB", "1.0 MB", "1.2 MB"]);
  });
});

describe("money", () => {
  test.each([
    ["0", "$0"],
    ["1204.38", "$1,204"],
    ["47.82", "$47.82"],
    ["999.994", "$999.99"],
    ["999.996", "$1,000"],
    ["0.02", "$0.02"],
    ["0.00038", "$0.00038"],
    ["0.0000000123", "$0.000000012"],
    ["-3.1", "−$3.10"],
    [null, "unknown"],
    [undefined, "unknown"],
    ["", "unknown"],
    ["many", "unknown"],
  ])("%s is %s", (usd, text) => {
    expect(formatUsd(usd, "en")).toBe(text);
  });

  test("what has no price is said beside the sum", () => {
    expect(formatMoney("12.40", 2, 96, "en")).toBe("≥ $12.40 (2 of 96 calls unpriced)");
    expect(formatMoney("12.40", 0, 96, "en")).toBe("$12.40");
    expect(formatMoney(null, 96, 96, "en")).toBe("unknown (96 calls unpriced)");
    expect(formatMoney("0", 1, 1, "en")).toBe("unknown (1 call unpriced)");
  });

  test("another language has its own signs", () => {
    expect(plain(formatUsd("1204.38", "de"))).toBe("1.204 $");
  });
});

describe("durations", () => {
  test.each([
    [340, "340 ns"],
    [999.7, "1.0 µs"],
    [12_345, "12 µs"],
    [33_000_000, "33 ms"],
    [3_400_000, "3.4 ms"],
    [999_600_000, "1.00 s"],
    [1_840_000_000, "1.84 s"],
    [59_949_000_000, "59.9 s"],
    [59_960_000_000, "1 min 0 s"],
    [80_000_000_000, "1 min 20 s"],
    [3_599_600_000_000, "1 h 0 min"],
    [10_800_000_000_000, "3 h 0 min"],
    [86_399_000_000_000, "1 d 0 h"],
    [187_200_000_000_000, "2 d 4 h"],
    [0, "0 s"],
  ])("%s ns is %s", (ns, text) => {
    expect(plain(formatDuration({ ns }, "en"))).toBe(text);
  });

  test("digits in text, ms and s are the same lengths", () => {
    expect(plain(formatDuration({ ns: "1840000000" }, "en"))).toBe("1.84 s");
    expect(plain(formatDuration({ ms: 1840 }, "en"))).toBe("1.84 s");
    expect(plain(formatDuration({ s: 1.84 }, "en"))).toBe("1.84 s");
    expect(formatDuration({ s: null })).toBe("unknown");
  });

  test("waiting is told apart", () => {
    expect(plain(formatWithWaiting({ s: 6300 }, { s: 420 }, "en"))).toBe(
      "1 h 45 min, of it 7 min waiting",
    );
    expect(plain(formatWithWaiting({ s: 6300 }, { s: null }, "en"))).toBe("1 h 45 min");
  });

  test("any length has at most two units and no decimal of minutes, hours or days", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e8, max: 1e8, noNaN: true }), (s) => {
        const text = plain(formatDuration({ s }, "en"));
        expect(text).toMatch(/^−?\d[\d,.]* (ns|µs|ms|s)$|^−?[\d,]+ (min|h|d) \d+ (s|min|h)$/);
        const second = /(\d+) (s|min|h)$/.exec(text);
        if (/^−?[\d,]+ (min|h|d) /.test(text)) {
          expect(Number(second?.[1])).toBeLessThan(second?.[2] === "h" ? 24 : 60);
        }
      }),
    );
  });
});

test("tokens of the input include the cached ones", () => {
  const told = formatTokens({ input: 37_300, cached: 29_100, output: 412 }, "en");
  expect(plain(told)).toBe("37.3 k in (29.1 k cached) · 412 out");
  expect(formatTokens({ input: null, output: null })).toBe("unknown");
  expect(formatTokens({ input: 5, output: null }, "en")).toBe("5 in · unknown out");
});

test.each([
  ["sess_0123456789abc123", "sess_…abc123"],
  ["sess_abc", "sess_abc"],
  ["0af7651916cd43dd8448eb211c80319c", "…80319c"],
  ["order 4211", "order 4211".length > 8 ? "…r 4211" : ""],
])("the id %s is %s in little room", (id, text) => {
  expect(shortId(id)).toBe(text);
});

test.each([
  ["14", "v14"],
  ["1.2.0", "v1.2.0"],
  [`sha256:${"3f9a".repeat(16)}`, "sha256:3f9a…"],
  ["9c1e02ab77aa5566", "9c1e02ab…"],
  ["spring release", "spring release"],
  [null, "unknown"],
  ["", "unknown"],
])("the version %s is %s", (version, text) => {
  expect(formatVersion(version)).toBe(text);
});

test("nothing known is never written as a zero", () => {
  const nothing = [null, undefined, Number.NaN];
  for (const value of nothing) {
    const texts = [
      formatCount(value),
      exactCount(value),
      formatBytes(value),
      formatUsd(value),
      formatMoney(value, 3, 3),
      formatDuration({ s: value }),
      formatTokens({ input: value ?? null, output: value ?? null }),
    ];
    for (const text of texts) expect(text).not.toMatch(/(^|\D)0(\D|$)/);
  }
});

test("no figure says minus zero", () => {
  expect(formatCount(-0, "en")).toBe("0");
  expect(formatUsd("-0", "en")).toBe("$0");
  expect(plain(formatDuration({ s: -0 }, "en"))).toBe("0 s");
});
