/**
 * Is anything wrong now, and does anything wait for me? And do the agents earn their keep?
 *
 * Every figure comes with its count, its interval and what it was before, and leads to the
 * sessions behind it. Nothing is computed here.
 */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { overview } from "@/api/overview";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { TimeRange } from "@/app/screen/TimeRange";
import { useZone } from "@/app/time";
import { formatSpan } from "@/format";
import { LinkButton } from "@/parts/Button";
import { Empty, Failed, Loading } from "@/parts/States";
import { Attention } from "./Attention";
import { EVER, USUAL } from "./address";
import { Figures } from "./Figures";
import { NoOutcome } from "./NoOutcome";
import styles from "./Overview.module.css";
import { RowsTable } from "./RowsTable";
import { RunningNow } from "./RunningNow";

const FROM = "/p/$project/overview";

// The figures are read first; what draws the charts is fetched beside them.
const OverTime = lazy(() => import("./OverTime").then((module) => ({ default: module.OverTime })));

export function Overview() {
  const { project } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const since = search.since ?? USUAL;
  const answer = useQuery(overview(project, { ...search, since }));
  const told = answer.data;
  const isAll = since === EVER;
  const zone = useZone();

  return (
    <div className={styles.page} aria-busy={answer.isPlaceholderData}>
      <ScreenHead
        title="Overview"
        note={
          told &&
          (told.compare === "version"
            ? `${told.now.version ?? "this version"} against ${told.before.version ?? "the other"}`
            : isAll
              ? "All time"
              : `${formatSpan(told.now.since, told.now.until, { zone })}, against the time before of the same length`)
        }
      >
        <TimeRange
          since={isAll ? "" : since}
          until={search.until}
          onChange={(next) =>
            void navigate({
              search: ({ since: _, until: __, ...rest }) => ({
                ...rest,
                ...(next === USUAL ? {} : { since: next || EVER }),
              }),
            })
          }
        />
      </ScreenHead>

      {answer.isError && !told ? (
        <Failed error={answer.error} retry={() => void answer.refetch()} />
      ) : !told ? (
        <Loading rows={8} what="the overview" />
      ) : (
        <>
          <Attention items={told.attention} project={project} />
          {told.now.behind.sessions === 0 ? (
            <Empty title="No session began in this time.">
              <LinkButton to={FROM} params={{ project }} search={{ since: EVER }}>
                Look at all time
              </LinkButton>{" "}
              <LinkButton to="/p/$project/welcome" params={{ project }} look="quiet">
                Connect an agent
              </LinkButton>
            </Empty>
          ) : (
            <>
              {told.outcome_known.known === 0 && (
                <NoOutcome sessions={told.outcome_known.sessions} />
              )}
              <Figures figures={told.figures} project={project} />
              <Suspense fallback={<Loading rows={5} what="the charts" />}>
                <OverTime series={told.series} project={project} />
              </Suspense>
              <RowsTable
                title="Workflow versions"
                of="Workflow and version"
                rows={told.workflows}
                nameOf={(row) => [row.workflow, row.version].filter(Boolean).join(" ")}
                unnamed="no workflow told"
                project={project}
              />
              <RowsTable
                title="Task types"
                of="Task type"
                rows={told.task_types}
                nameOf={(row) => row.task_type ?? ""}
                unnamed="no task type told"
                project={project}
                toTasks
              />
              <RowsTable
                title="Models"
                of="Model"
                rows={told.models}
                nameOf={(row) => row.model ?? ""}
                unnamed="no model told"
                project={project}
              />
            </>
          )}
          <RunningNow running={told.running} project={project} />
        </>
      )}
    </div>
  );
}
