/**
 * What is known of the effect of both versions.
 *
 * A verdict is told only where they ran beside each other, by the canary that compared them: figures
 * of two times differ for many reasons.
 */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { outcomes, release, releases } from "@/api/workflows";
import { segment } from "@/app/address";
import type { Difference, Estimate } from "@/format";
import { type Column, DataTable } from "@/parts/DataTable";
import { DifferenceView } from "@/parts/DifferenceView";
import { EstimateView } from "@/parts/EstimateView";
import { Failed, Loading } from "@/parts/States";
import { named } from "../words/moves";
import { canaryOf, outcomesOf } from "../words/outcomes";
import { metricOf } from "../words/rule";
import own from "./Compare.module.css";

interface Props {
  project: string;
  name: string;
  from: number;
  to: number;
}

const FIGURES = ["completion", "cost_per_success", "intervention", "recovery", "quality"] as const;

interface Row {
  readonly metric: (typeof FIGURES)[number];
  readonly a: Estimate | undefined;
  readonly b: Estimate | undefined;
  readonly difference: Difference | undefined;
}

export function Effect({ project, name, from, to }: Props) {
  const answer = useQuery(outcomes(project, name));
  const canaries = useQuery(releases(project, name));
  const canary = canaryOf(canaries.data?.releases, from, to);
  const compared = useQuery({
    ...release(project, canary?.release_id ?? ""),
    enabled: canary !== undefined,
    refetchInterval: false,
  });
  const watch = compared.data?.watch;
  if (answer.isError && !answer.data) {
    return (
      <section className={own.effect} aria-label="What is known of the effect">
        <Failed
          error={answer.error}
          what="How the versions do could not be read."
          retry={() => void answer.refetch()}
        />
      </section>
    );
  }
  const a = outcomesOf(answer.data?.versions, from);
  const b = outcomesOf(answer.data?.versions, to);
  const rows: Row[] = FIGURES.map((metric) => {
    const watched = watch?.metrics.find((one) => one.metric === metric);
    return {
      metric,
      a: watched?.stable ?? a?.[metric],
      b: watched?.candidate ?? b?.[metric],
      difference: watched?.difference,
    };
  });
  const side = (of: "a" | "b", version: number): Column<Row> => ({
    id: of,
    title: named(version),
    numeric: true,
    cell: (row) => {
      const estimate = row[of];
      return (
        estimate && (
          <EstimateView look="stacked" estimate={estimate} unit={metricOf(row.metric).unit} />
        )
      );
    },
  });
  const columns: Column<Row>[] = [
    {
      id: "metric",
      title: "Figure",
      isName: true,
      cell: (row) => metricOf(row.metric).title,
    },
    side("a", from),
    side("b", to),
    ...(watch
      ? [
          {
            id: "difference",
            title: "Difference",
            numeric: true,
            cell: (row: Row) =>
              row.difference && (
                <DifferenceView
                  look="stacked"
                  difference={row.difference}
                  unit={metricOf(row.metric).unit}
                />
              ),
          },
        ]
      : []),
  ];
  return (
    <section className={own.effect} aria-label="What is known of the effect">
      <h2>Effect in production</h2>
      {!answer.data ? (
        <Loading rows={4} rowHeight="two-lines" what="the outcomes" />
      ) : !a && !b ? (
        <p className={own.muted}>No session of either has been seen.</p>
      ) : (
        <>
          <DataTable
            caption="Outcomes of both versions"
            columns={columns}
            rows={rows}
            rowKey={(row) => row.metric}
            density="two-lines"
          />
          {canary ? (
            <p className={own.muted}>
              By the{" "}
              <Link
                to="/p/$project/workflows/$workflow/releases/$release"
                params={{ project, workflow: segment(name), release: canary.release_id }}
              >
                canary in {canary.environment}
              </Link>
              , where both ran at the same time.
            </p>
          ) : (
            <p className={own.muted}>
              They did not run beside each other, so no verdict: other times, other tasks.
            </p>
          )}
        </>
      )}
    </section>
  );
}
