/** Points in time: the chosen zone, days by name, no zone of the machine. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  asTabs,
  explainInstant,
  formatAgo,
  formatInstant,
  formatSpan,
  formatTime,
  instantMs,
  instantText,
} from "@/format";
import { timeTicks } from "@/parts/charts/timeTicks";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const AT = "2026-04-12T10:15:02.340Z";
const NOW = Date.parse("2026-04-12T10:27:02Z");
const en = { locale: "en-US", now: NOW };

describe("an instant", () => {
  test.each([
    [{ zone: "UTC" }, "12 Apr 10:15"],
    [{ zone: "Europe/Berlin" }, "12 Apr 12:15"],
    [{ zone: "Asia/Kolkata" }, "12 Apr 15:45"],
    [{ zone: "UTC", fineness: "second" as const }, "12 Apr 10:15:02"],
    [{ zone: "UTC", fineness: "millisecond" as const }, "12 Apr 10:15:02.340"],
    [{ zone: "UTC", fineness: "day" as const }, "12 Apr"],
    [{ zone: "Not/AZone" }, "12 Apr 10:15"],
  ])("with %j is %s", (told, text) => {
    expect(formatInstant(AT, { ...en, ...told })).toBe(text);
  });

  test("of another year names it", () => {
    expect(formatInstant("2024-04-12T10:15:00Z", { ...en, zone: "UTC" })).toBe("12 Apr 2024 10:15");
  });

  test("has midnight as 00:00 and never as 24:00", () => {
    expect(formatTime("2026-04-12T00:00:00Z", { zone: "UTC", locale: "en-US" })).toBe("00:00:00");
  });

  test("in digits of ns is the same as in RFC 3339", () => {
    expect(instantMs("1775988902340000000")).toBe(instantMs(AT));
    expect(instantMs("1775988902340000001")).toBeCloseTo(Date.parse(AT), 3);
  });

  test("that is not known or not readable is a dash", () => {
    for (const at of [null, undefined, "", "yesterday"]) {
      expect(formatInstant(at, { ...en, zone: "UTC" })).toBe("—");
    }
  });

  test("explains itself in UTC, in the zone and from now", () => {
    expect(plain(explainInstant(AT, { ...en, zone: "Europe/Berlin" }))).toBe(
      "12 Apr 2026 10:15:02.340 UTC · 12 Apr 2026 12:15:02.340 Europe/Berlin · 12 min ago",
    );
  });
});

test.each([
  [0, "just now"],
  [40, "40 s ago"],
  [725, "12 min ago"],
  [3600 * 5, "5 h ago"],
  [86_400 * 3, "3 d ago"],
  [-180, "in 3 min"],
])("%s s before now is %s", (s, text) => {
  expect(plain(formatAgo(NOW - s * 1000, NOW, "en"))).toBe(text);
});

test("a span names its day once", () => {
  const told = { ...en, zone: "UTC" };
  expect(formatSpan("2026-04-12T10:15:00Z", "2026-04-12T12:00:00Z", told)).toBe(
    "12 Apr 10:15 – 12:00",
  );
  expect(formatSpan("2026-04-12T23:15:00Z", "2026-04-13T01:00:00Z", told)).toBe(
    "12 Apr 23:15 – 13 Apr 01:00",
  );
});

test("copies have no language and no zone", () => {
  expect(instantText("1775988902340000000")).toBe(AT);
  expect(instantText(null)).toBe("");
  expect(
    asTabs(
      ["a", "b"],
      [
        ["x\ty\nz", 1234.5],
        [null, undefined],
      ],
    ),
  ).toBe("a\tb\nx y z\t1234.5\n\t");
});

test("no two ticks of a time axis are equal", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e12 }),
      fc.constantFrom(60_000, 3_600_000, 86_400_000, 604_800_000),
      fc.integer({ min: 1, max: 120 }),
      fc.constantFrom("UTC", "America/New_York", "Australia/Lord_Howe"),
      (first, step, count, zone) => {
        const starts = Array.from({ length: count }, (_, index) => first + index * step);
        const ticks = timeTicks(starts, zone, 7, "en");
        expect(ticks.length).toBeLessThanOrEqual(7);
        expect(new Set(ticks.map((tick) => tick.label)).size).toBe(ticks.length);
      },
    ),
    { numRuns: 50 },
  );
});
