/** The charts of the gallery: enough data, few, one point, gaps. */

import { Bars } from "@/parts/charts/Bars";
import { Histogram } from "@/parts/charts/Histogram";
import { IntervalPlot } from "@/parts/charts/IntervalPlot";
import { Shape } from "@/parts/charts/Shape";
import { Sparkline } from "@/parts/charts/Sparkline";
import { StackedBar } from "@/parts/charts/StackedBar";
import { TimeSeries } from "@/parts/charts/TimeSeries";
import { OUTCOMES } from "@/parts/OutcomeBadge";
import { Section } from "@/parts/Section";
import css from "./Gallery.module.css";
import { rate } from "./made-up";

const DAY = 86_400_000;
const START = Date.parse("2026-04-01T00:00:00Z");
const SHARES = [0.79, 0.81, 0.8, null, null, 0.84, 0.82, 0.9, null, 0.88, 0.86, 0.87, 0.91, 0.87];
const POINTS = SHARES.map((share, day) => ({
  since: new Date(START + day * DAY).toISOString(),
  until: new Date(START + (day + 1) * DAY).toISOString(),
  estimate: rate(share, share === null ? 0 : day % 4 === 1 ? 9 : 60 + day),
}));
const BASELINE = POINTS.map((point) => ({ ...point, estimate: rate(0.7, 80) }));
const PARTS = Object.keys(OUTCOMES).map((id) => ({
  id,
  label: OUTCOMES[id as keyof typeof OUTCOMES].word,
  color: `--${id.replace("_", "-")}`,
}));
const BINS = Array.from({ length: 24 }, (_, hour) => ({
  id: String(hour),
  label: `${String(hour).padStart(2, "0")}:00`,
  counts: [9 + ((hour * 7) % 13), hour % 4, hour % 5, hour === 12 ? 6 : 0, 0, hour % 3],
}));

export function Charts() {
  return (
    <Section title="Charts">
      <div className={css.columns}>
        <TimeSeries
          label="Completion by day"
          showsLabel
          unit="rate"
          series={[
            { id: "now", label: "v14", points: POINTS },
            { id: "base", label: "v13", points: BASELINE, isBaseline: true },
          ]}
          marks={[{ at: "2026-04-08T00:00:00Z", text: "v14" }]}
        />
        <TimeSeries
          label="One day is known"
          showsLabel
          unit="rate"
          series={[{ id: "one", label: "one", points: POINTS.slice(2, 5) }]}
        />
        <IntervalPlot
          label="Completion by version"
          showsLabel
          of="Version"
          unit="rate"
          rows={[
            { id: "14", label: "v14", estimate: rate(0.79, 48), to: { to: "/" } },
            { id: "13", label: "v13", estimate: rate(0.84, 212), isBaseline: true },
            { id: "12", label: "v12, of which little is known", estimate: rate(0.9, 8) },
            { id: "11", label: "v11", estimate: rate(0, 12) },
            { id: "10", label: "v10", estimate: rate(null, 0) },
          ]}
        />
        <IntervalPlot
          label="Completion"
          showsLabel
          of="Version"
          unit="rate"
          rows={[{ id: "14", label: "v14", estimate: rate(0.79, 48) }]}
        />
        <Bars
          label="Cost by model"
          showsLabel
          of="Model"
          unit="USD"
          rows={[
            { id: "a", label: "claude-4", value: "31.20", aside: "15 calls", to: { to: "/" } },
            { id: "b", label: "gpt-5", value: "12.44", aside: "96 calls" },
            { id: "c", label: "a-model-of-ours-with-a-very-long-name-indeed", value: null },
          ]}
        />
        <Bars
          label="Failure by tool"
          showsLabel
          of="Tool"
          unit="rate"
          rows={[
            { id: "a", label: "bash", value: rate(0.31, 200), color: "--kind-tool" },
            { id: "b", label: "file_read", value: rate(0.25, 8), color: "--kind-tool" },
          ]}
        />
        <StackedBar
          label="Outcomes"
          showsLabel
          of="Outcome"
          unit="sessions"
          parts={PARTS.map((part, index) => ({
            ...part,
            value: [310, 58, 143, 12, 4, 61][index] ?? 0,
          }))}
        />
        <StackedBar
          label="Where it goes"
          showsLabel
          of="Part"
          unit="USD"
          total="47.82"
          parts={[
            { id: "first", label: "first tries", value: "33.95" },
            { id: "retries", label: "retries", value: "4.30" },
            { id: "failed", label: "failed", value: "5.26" },
          ]}
        />
        <Histogram
          label="Started"
          showsLabel
          of="Started"
          bins={BINS}
          parts={PARTS}
          onRange={() => {}}
        />
        <Histogram
          label="Started, small"
          showsLabel
          of="Started"
          bins={BINS}
          parts={PARTS}
          height={36}
          isSmall
        />
      </div>
      <div className={css.line}>
        <Sparkline
          label="Completion"
          unit="rate"
          points={POINTS.map((point) => ({
            label: point.since.slice(5, 10),
            estimate: point.estimate,
          }))}
        />
        <Shape shape="amttkmtrmtthmtx" />
        <Shape shape={"amttktmrtthmt>attty".repeat(6)} />
        <Shape shape="" />
      </div>
    </Section>
  );
}
