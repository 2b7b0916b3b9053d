/** Rates and differences: never without count and interval, never zero for want of data. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Difference,
  type Estimate,
  explainEstimate,
  formatChangeTicks,
  formatDifference,
  formatEstimate,
  formatShare,
  formatTicks,
} from "@/format";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

function rate(value: number | null, n: number | null, low?: number, high?: number): Estimate {
  const interval =
    low === undefined || high === undefined
      ? null
      : { low, high, confidence: 0.95, method: "wilson" };
  return { value, n, interval };
}

describe("a rate", () => {
  test.each([
    [rate(0.87, 143, 0.81, 0.92), "87 % [81, 92] of 143"],
    [rate(0.051, 400, 0.033, 0.078), "5.1 % [3.3, 7.8] of 400"],
    [rate(0.963, 300, 0.94, 0.98), "96.3 % [94.0, 98.0] of 300"],
    [rate(0, 12, 0, 0.24), "0 of 12 [0, 24 %]"],
    [rate(1, 12, 0.76, 1), "100 % [76, 100] of 12"],
    [rate(0.9999, 20_000, 0.999, 1), "> 99.9 % [99.9, 100] of 20.0 k"],
    [rate(0.0001, 20_000, 0, 0.001), "< 0.1 % [0, 0.1] of 20.0 k"],
    [rate(null, 0), "— (0 known)"],
    [rate(null, null), "—"],
    [rate(0.5, null), "50 % (of how many is not told)"],
  ])("case %#: %s", (estimate, whole) => {
    expect(plain(formatEstimate(estimate, "rate", { locale: "en" }).whole)).toBe(whole);
  });

  test("without a known outcome says how many there are", () => {
    const told = formatEstimate(rate(null, 0), "rate", { unknown: 31, locale: "en" });
    expect(told.whole).toBe("— (31 unknown)");
  });

  test("in a language with a decimal comma parts the bounds by a semicolon", () => {
    const told = formatEstimate(rate(0.051, 400, 0.033, 0.078), "rate", { locale: "de" });
    expect(plain(told.whole)).toBe("5,1 % [3,3; 7,8] of 400");
  });

  test("of few is marked as such", () => {
    expect(formatEstimate(rate(1, 3, 0.4, 1), "rate").few).toBe(true);
    expect(formatEstimate(rate(1, 20, 0.8, 1), "rate").few).toBe(false);
    expect(explainEstimate(rate(1, 3, 0.4, 1), "rate", "en")).toContain("fewer than 20");
  });

  test("never stands bare, whatever it is", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, share, fc.nat(100_000), (value, a, b, n) => {
        const estimate = rate(value, n + 1, Math.min(a, b), Math.max(a, b));
        const { whole, interval } = formatEstimate(estimate, "rate", { locale: "en" });
        expect(whole).toMatch(/ of /);
        expect(interval).toMatch(/^\[.+, .+\]$/);
        expect(whole).not.toContain("NaN");
        // "0 %" is said of nothing: zero of n is, or less than a tenth.
        expect(plain(whole)).not.toMatch(/^0(\.0)? %/);
      }),
    );
  });

  test("that is not known is a dash and not a zero", () => {
    fc.assert(
      fc.property(fc.constantFrom("rate", "USD", "s", "tokens", "calls", "0 to 1"), (unit) => {
        expect(formatEstimate(rate(null, null), unit).value).toBe("—");
      }),
    );
  });

  test("says none or all only where it is", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (share) => {
        expect(plain(formatShare(share, "en"))).not.toMatch(/^(0|0\.0|100|100\.0) %$/);
      }),
    );
  });
});

describe("other figures", () => {
  test("money has its interval in dollars", () => {
    const estimate: Estimate = {
      value: "3.10",
      n: 388,
      interval: { low: 2.8, high: 3.5, confidence: 0.95, method: "delta" },
    };
    expect(formatEstimate(estimate, "USD", { locale: "en" }).whole).toBe(
      "$3.10 [2.80, 3.50] of 388",
    );
  });

  test("a length has its bounds as lengths", () => {
    const estimate: Estimate = {
      value: 80,
      n: 40,
      interval: { low: 60, high: 100, confidence: 0.95, method: "t" },
    };
    expect(plain(formatEstimate(estimate, "s", { locale: "en" }).whole)).toBe(
      "1 min 20 s [1 min 0 s, 1 min 40 s] of 40",
    );
  });

  test("a sum has neither interval nor count", () => {
    expect(formatEstimate(rate(1204, null), "sessions", { locale: "en" }).whole).toBe("1,204");
  });
});

describe("a difference", () => {
  const of = (value: number | null, low: number | null, high: number | null): Difference => ({
    value,
    low,
    high,
    verdict: "not_enough_data",
  });
  test.each([
    [of(-0.17, -0.38, 0.13), "rate", "−17 pts [−38, +13] · not enough data"],
    [{ ...of(0.04, 0.01, 0.09), verdict: "better" as const }, "rate", "+4 pts [+1, +9] · better"],
    [of(0.004, -0.001, 0.01), "rate", "+0.4 pts [−0.1, +1.0] · not enough data"],
    [of(0, -0.02, 0.02), "rate", "0 pts [−2, +2] · not enough data"],
    [of(0.7, 0.2, 1.1), "USD", "+$0.70 [+0.20, +1.10] · not enough data"],
    [of(-80, -100, 5), "s", "−1 min 20 s [−1 min 40 s, +5.00 s] · not enough data"],
    [of(null, null, null), "rate", "— · not enough data"],
  ])("case %#", (difference, unit, whole) => {
    expect(plain(formatDifference(difference, unit, "en").whole)).toBe(whole);
  });

  test("has an arrow only where one was found", () => {
    expect(formatDifference(of(-0.17, -0.38, 0.13), "rate").arrow).toBe("");
    expect(formatDifference({ ...of(-0.17, -0.3, -0.1), verdict: "worse" }, "rate").arrow).toBe(
      "▼",
    );
    expect(formatDifference({ ...of(0.17, 0.1, 0.3), verdict: "worse" }, "rate").arrow).toBe("▲");
  });

  test("always has a verdict, and a sign where it isn't zero", () => {
    const part = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(part, (value) => {
        const told = formatDifference(of(value, value - 0.1, value + 0.1), "rate", "en");
        expect(told.whole).toContain("not enough data");
        expect(told.change).toMatch(/^[+−]|^0/);
        expect(told.change).not.toMatch(/^[+−]0(\.0+)?\u00a0/);
      }),
    );
  });
});

describe("ticks of an axis", () => {
  test("get digits until they differ", () => {
    const labels = formatTicks([0, 0.001, 0.002, 0.003], "rate", "en").map((t) => plain(t.label));
    expect(labels).toEqual(["0.0 %", "0.1 %", "0.2 %", "0.3 %"]);
    expect(formatTicks([0, 0.5, 1], "USD", "en").map((t) => t.label)).toEqual([
      "$0.0",
      "$0.5",
      "$1.0",
    ]);
  });

  test("are never equal, whatever the unit and the values", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), { maxLength: 12 }),
        fc.constantFrom("rate", "USD", "s", "ms", "tokens", "count", "0 to 1"),
        (values, unit) => {
          const labels = formatTicks(values, unit, "en").map((tick) => tick.label);
          expect(new Set(labels).size).toBe(labels.length);
        },
      ),
    );
  });
});

test("ticks of a difference are points with their sign, and none are equal", () => {
  const labels = (values: number[]) =>
    formatChangeTicks(values, "rate", "en").map((tick) => tick.label);
  expect(labels([-0.1, -0.05, 0, 0.05])).toEqual(["−10", "−5", "0", "+5"]);
  expect(labels([-0.002, 0, 0.002])).toEqual(["−0.2", "0.0", "+0.2"]);
});
