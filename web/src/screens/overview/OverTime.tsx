/** Sessions by outcome, completion and spend, bucket by bucket. Gaps are gaps. */
import type { OverviewAnswer } from "@/api/overview";
import { TimeSeries } from "@/parts/charts/TimeSeries";
import { Section } from "@/parts/Section";
import { sessionsBehind } from "./behind";
import { Columns } from "./Columns";
import styles from "./Overview.module.css";

type Series = OverviewAnswer["series"];

const OUTCOMES = [
  ["failure", "failure", "--failure"],
  ["abandoned", "abandoned", "--abandoned"],
  ["interrupted", "interrupted", "--interrupted"],
  ["unknown", "unknown", "--line-control"],
  ["success_partial", "partial", "--success-partial"],
  ["success", "success", "--success"],
] as const;

export function OverTime({ series, project }: { series: Series; project: string }) {
  const per = `by ${series.bucket}`;
  return (
    <div className={styles.charts}>
      <Section title="Sessions" note={`by outcome, ${per}`}>
        <Columns
          label={`Sessions by outcome, ${per}`}
          unit="sessions"
          kinds={OUTCOMES.map(([id, word, color]) => ({ id, word, color }))}
          points={series.points.map((point) => ({
            since: point.since,
            until: point.until,
            parts: OUTCOMES.map(([id]) => point.outcomes[id]),
            to: sessionsBehind(point.behind, project),
          }))}
        />
      </Section>
      <Section title="Task completion" note={`of the sessions with a known outcome, ${per}`}>
        <TimeSeries
          label={`Task completion ${per}`}
          unit="rate"
          domain={[0, 1]}
          series={[
            {
              id: "completion",
              label: "completion",
              points: series.points.map((point) => ({
                since: point.since,
                until: point.until,
                estimate: point.completion,
                to: sessionsBehind(point.behind, project),
              })),
            },
          ]}
        />
      </Section>
      <Section title="Spend" note={`known costs, ${per}`}>
        <Columns
          label={`Spend ${per}`}
          unit="USD"
          kinds={[{ id: "cost", word: "cost", color: "--primary" }]}
          points={series.points.map((point) => ({
            since: point.since,
            until: point.until,
            parts: [point.cost.value === null ? null : Number(point.cost.value)],
            isPartial: Number(point.unpriced.value ?? 0) > 0,
            to: sessionsBehind(point.behind, project),
          }))}
          partialWord="some calls had no price"
        />
      </Section>
    </div>
  );
}
