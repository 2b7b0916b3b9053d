/** Both versions by each figure, what lies between them, and what is missing to know more. */
import type { ReleaseShown, Watched } from "@/api/workflows";
import { IntervalMark } from "@/parts/charts/IntervalMark";
import { type Column, DataTable } from "@/parts/DataTable";
import { DifferenceView } from "@/parts/DifferenceView";
import { EstimateView } from "@/parts/EstimateView";
import { named } from "../words/moves";
import { metricOf, missingWords } from "../words/rule";
import { sessionsOf } from "../words/sessions";
import own from "./Release.module.css";

interface Props {
  project: string;
  of: ReleaseShown;
  metrics: readonly Watched[];
}

export function Arms({ project, of, metrics }: Props) {
  const arm = (side: "stable" | "candidate"): Column<Watched> => ({
    id: side,
    title: named(of[side].version) + (side === "candidate" ? " canary" : ""),
    numeric: true,
    cell: (row) => (
      <span className={own.mark}>
        {metricOf(row.metric).unit === "rate" && (
          <IntervalMark estimate={row[side]} quiet={side === "stable"} />
        )}
        <EstimateView
          look="stacked"
          estimate={row[side]}
          unit={metricOf(row.metric).unit}
          label={`${metricOf(row.metric).title} of ${named(of[side].version)}`}
          to={{
            to: "/p/$project/sessions",
            params: { project },
            search: {
              q: sessionsOf({
                workflow: of.workflow,
                version: of[side].version,
                environment: of.environment,
              }),
              since: of.started_at,
            },
          }}
        />
      </span>
    ),
  });
  const columns: Column<Watched>[] = [
    {
      id: "metric",
      title: "Figure",
      isName: true,
      grows: true,
      cell: (row) => metricOf(row.metric).title,
    },
    arm("stable"),
    arm("candidate"),
    {
      id: "difference",
      title: "Difference",
      numeric: true,
      cell: (row) => (
        <>
          <DifferenceView
            look="stacked"
            difference={row.difference}
            unit={metricOf(row.metric).unit}
          />
        </>
      ),
    },
    {
      id: "needs",
      title: "Needs",
      cell: (row) => <span className={own.needs}>{missingWords(row, row === metrics[0])}</span>,
    },
  ];
  return (
    <DataTable
      caption="Figures of both versions since the canary began"
      columns={columns}
      rows={metrics}
      rowKey={(row) => row.metric}
      density="two-lines"
    />
  );
}
