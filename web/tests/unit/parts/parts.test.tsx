/** What parts write into the page: text and not markup, figures with their count, never only color. */
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { ownScript } from "@/app/worker";
import type { Estimate } from "@/format";
import { Bars } from "@/parts/charts/Bars";
import { Histogram } from "@/parts/charts/Histogram";
import { IntervalPlot } from "@/parts/charts/IntervalPlot";
import { Shape, tellShape } from "@/parts/charts/Shape";
import { Sparkline } from "@/parts/charts/Sparkline";
import { StackedBar } from "@/parts/charts/StackedBar";
import { DifferenceView } from "@/parts/DifferenceView";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { printedKeys } from "@/parts/KeyHint";
import { KindMark } from "@/parts/KindMark";
import { Money } from "@/parts/Money";
import { OUTCOMES, OutcomeBadge } from "@/parts/OutcomeBadge";

const NASTY = "<img src=x onerror=alert(1)></span><script>alert(1)</script>\u202e&amp;";

function rate(value: number | null, n: number): Estimate {
  const interval = { low: 0.1, high: 0.9, confidence: 0.95, method: "wilson" };
  return { value, n, interval: value === null ? null : interval };
}

/** Text of the markup, with entities read, spaces as spaces. */
function textOf(markup: string): string {
  return markup
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll("&amp;", "&")
    .replaceAll("\u00a0", " ");
}

describe("text of strangers", () => {
  test.each([
    ["a block", <HostileText key="1" text={NASTY} />],
    ["one line", <HostileText key="2" text={NASTY} inline />],
    [
      "the label of a chart's row",
      <Bars
        key="3"
        label="By tool"
        of="Tool"
        unit="calls"
        rows={[{ id: "1", label: NASTY, value: 3 }]}
      />,
    ],
    [
      "a part of a stack",
      <StackedBar
        key="4"
        label={NASTY}
        of="Part"
        unit="USD"
        parts={[{ id: "1", label: NASTY, value: "3" }]}
      />,
    ],
    ["an outcome that nobody knows", <OutcomeBadge key="5" label={NASTY} />],
    ["a kind that nobody knows", <KindMark key="6" kind={NASTY} />],
  ])("in %s makes no element", (_, element) => {
    const markup = renderToStaticMarkup(element);
    expect(markup).not.toMatch(/<(img|script)/);
    expect(markup).toContain("&lt;img");
  });

  test("of ten megabytes puts some kB on the page", () => {
    const markup = renderToStaticMarkup(<HostileText text={"x".repeat(10_000_000)} />);
    expect(markup.length).toBeLessThan(12_000);
    expect(textOf(markup)).toContain("10 MB between");
  });

  test("that is one picture in base64 is its name", () => {
    const blob = `data:image/png;base64,${"iVBORw0KGgoQk1abc9+/XyZ4".repeat(20_000)}`;
    const markup = renderToStaticMarkup(<HostileText text={blob} />);
    expect(textOf(markup)).toBe("image/png, 360 kB, not shown");
  });

  test("has no link", () => {
    const markup = renderToStaticMarkup(<HostileText text="see https://x.test and javascript:1" />);
    expect(markup).not.toContain("<a");
    expect(markup).not.toContain("href");
  });
});

describe("figures", () => {
  test("a rate has its interval and count, and says that it is a figure", () => {
    const markup = renderToStaticMarkup(<EstimateView estimate={rate(0.87, 143)} unit="rate" />);
    expect(textOf(markup)).toBe("87 % [10, 90] of 143");
    expect(markup).toContain("data-estimate");
  });

  test("a comparison has its verdict in words", () => {
    const difference = { value: 0.1, low: 0.02, high: 0.2, verdict: "worse" as const };
    const markup = renderToStaticMarkup(<DifferenceView difference={difference} unit="rate" />);
    expect(textOf(markup)).toContain("worse");
    expect(textOf(markup)).toContain("▲");
  });

  test("a sum with unpriced calls is a least amount", () => {
    const short = renderToStaticMarkup(<Money usd="12.40" unpriced={2} calls={96} short />);
    expect(textOf(short)).toBe("≥ $12.40 (2 of 96 calls unpriced)");
    expect(textOf(renderToStaticMarkup(<Money usd={null} />))).toBe("unknown");
  });

  test("each outcome has a glyph and a word of its own", () => {
    const texts = Object.keys(OUTCOMES).map((label) =>
      textOf(renderToStaticMarkup(<OutcomeBadge label={label} />)),
    );
    expect(new Set(texts.map((text) => text[0])).size).toBe(6);
    expect(new Set(texts.map((text) => text.slice(1))).size).toBe(6);
  });
});

describe("charts", () => {
  test("with one row are a sentence", () => {
    const rows = [{ id: "14", label: "v14", estimate: rate(0.79, 48) }];
    const markup = renderToStaticMarkup(
      <IntervalPlot label="Completion" of="Version" unit="rate" rows={rows} />,
    );
    expect(textOf(markup)).toContain("v14: 79 % [10, 90] of 48");
    expect(markup).not.toContain("<circle");
  });

  test("have a table of the same figures", () => {
    const markup = renderToStaticMarkup(
      <StackedBar
        asTable
        label="Cost"
        of="Part"
        unit="USD"
        total="10"
        parts={[
          { id: "1", label: "first tries", value: "6" },
          { id: "2", label: "retries", value: "3" },
        ]}
      />,
    );
    expect(markup).toContain("<table");
    for (const cell of ["first tries", "$6.00", "retries", "$3.00", "unknown", "$1.00"]) {
      expect(textOf(markup)).toContain(cell);
    }
  });

  test("of sums of floats do not invent a missing part", () => {
    const parts = ["0.1", "0.2"].map((value, index) => ({ id: `${index}`, label: value, value }));
    const markup = renderToStaticMarkup(
      <StackedBar label="Cost" of="Part" unit="USD" total="0.3" parts={parts} />,
    );
    expect(textOf(markup)).not.toContain("unknown");
  });

  test("hatch what rests on few data", () => {
    const bar = (n: number) =>
      renderToStaticMarkup(
        <Bars
          label="Failures"
          of="Tool"
          unit="rate"
          rows={[{ id: "1", label: "bash", value: rate(0.5, n) }]}
        />,
      );
    expect(bar(19)).toMatch(/fill="url\(#hatch/);
    expect(bar(20)).not.toMatch(/fill="url\(#hatch/);
  });

  test("of 300 bins are a handful of elements", () => {
    const bins = Array.from({ length: 300 }, (_, index) => ({
      id: `${index}`,
      label: `${index}`,
      counts: [index % 7],
    }));
    const markup = renderToStaticMarkup(
      <Histogram label="Started" of="Started" bins={bins} isSmall />,
    );
    expect(markup.match(/<(path|rect)/g)?.length).toBeLessThan(10);
  });

  test("say in words what they show", () => {
    expect(tellShape("mtxthr")).toBe(
      "Shape of the session: 1 error, 1 recovered error, 1 act of a person, mostly tool",
    );
    expect(renderToStaticMarkup(<Shape shape="mtx" />)).toContain('aria-label="Shape of');
    expect(renderToStaticMarkup(<Shape shape={"constructor".repeat(9)} />)).toContain("<svg");
    const points = [0.5, null, 0.7].map((value, index) => ({
      label: `${index + 1} Apr`,
      estimate: rate(value, 40),
    }));
    const spark = renderToStaticMarkup(
      <Sparkline label="Completion" unit="rate" points={points} />,
    );
    expect(textOf(spark)).toContain("Completion: from 50 % [10, 90] of 40 (1 Apr) to 70 %");
  });
});

test("keys are written as they are printed", () => {
  expect(["$mod+k", "g s", "Shift+J", "Escape", "Shift+?"].map(printedKeys)).toEqual([
    "Ctrl K",
    "g s",
    "Shift J",
    "Esc",
    "?",
  ]);
});

describe("a worker's script", () => {
  const origin = "https://deck.test";
  test("of this origin passes", () => {
    const script = ownScript("/assets/find-1a2b.js", origin, false);
    expect(script).toBe(`${origin}/assets/find-1a2b.js`);
  });

  test.each([
    "https://evil.test/assets/a.js",
    "//evil.test/assets/a.js",
    "data:text/javascript,alert(1)",
    "blob:https://deck.test/5d1c",
    "javascript:alert(1)",
    "https://user:word@deck.test/assets/a.js",
    "https://deck.test.evil.test/a.js",
    "/api/v1/spans/script.js",
    "/assets/../api/v1/a.js",
    "/assets/a.html",
  ])("at %s does not", (url) => {
    expect(() => ownScript(url, origin, false)).toThrow(TypeError);
  });
});
