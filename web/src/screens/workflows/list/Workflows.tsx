/** Every workflow: what runs where, its newest version, and how that does. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { outcomes, type WorkflowRow, workflows } from "@/api/workflows";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { counted, DASH, formatCount } from "@/format";
import { Button, LinkButton } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { Failed, Loading } from "@/parts/States";
import { Command } from "../pieces/Command";
import { ToVersion, ToWorkflow } from "../pieces/links";
import css from "../Workflows.module.css";
import { runningWords } from "../words/moves";
import { leading, outcomesOf } from "../words/outcomes";
import { Start } from "./Start";

const FROM = "/p/$project/workflows";

export function Workflows() {
  const { project } = useParams({ from: FROM });
  const answer = useInfiniteQuery(workflows(project));
  const rows = answer.data?.pages.flatMap((page) => page.workflows);
  const total = answer.data?.pages[0]?.total ?? 0;
  return (
    <div className={css.page}>
      <ScreenHead
        title="Workflows"
        note={total > 0 ? `${counted(total, "workflow")}: the whole agent as versions` : undefined}
      >
        {total > 0 && <Command text="quarterdeck workflow push" />}
        <LinkButton size="small" to="/p/$project/memory" params={{ project }}>
          Memory
        </LinkButton>
      </ScreenHead>
      {answer.isError && !rows ? (
        <Failed
          error={answer.error}
          what="The workflows could not be read."
          retry={() => void answer.refetch()}
        />
      ) : !rows ? (
        <Loading rows={6} rowHeight="two-lines" what="the workflows" />
      ) : rows.length === 0 ? (
        <Start project={project} />
      ) : (
        <>
          <Rows project={project} rows={rows} />
          {answer.hasNextPage && (
            <div>
              <Button
                isPending={answer.isFetchingNextPage}
                onPress={() => void answer.fetchNextPage()}
              >
                Show more of {formatCount(total)}
              </Button>
            </div>
          )}
        </>
      )}
    </div>
  );
}

function Rows({ project, rows }: { project: string; rows: readonly WorkflowRow[] }) {
  const columns: Column<WorkflowRow>[] = [
    {
      id: "name",
      title: "Workflow",
      grows: true,
      isName: true,
      cell: (row) => (
        <>
          <ToWorkflow project={project} name={row.name} />
          {row.description && (
            <span className={css.line}>
              <HostileText text={row.description} inline max={200} />
            </span>
          )}
        </>
      ),
    },
    {
      id: "latest",
      title: "Newest",
      cell: (row) => (
        <>
          <ToVersion project={project} name={row.name} version={row.latest} />
          <span className={css.line}>{counted(row.versions, "version")}</span>
        </>
      ),
    },
    { id: "runs", title: "Runs", cell: (row) => <Runs project={project} row={row} /> },
    {
      id: "completion",
      title: "Completion",
      numeric: true,
      cell: (row) => <Completion project={project} row={row} />,
    },
  ];
  return (
    <DataTable
      caption="Workflows by name"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.name}
      density="two-lines"
    />
  );
}

function Runs({ project, row }: { project: string; row: WorkflowRow }) {
  if (row.environments.length === 0) return <span className={css.muted}>nowhere</span>;
  return (
    <span className={css.runs}>
      {row.environments.map((one) => (
        <span key={one.environment}>
          <Link
            to="/p/$project/workflows/$workflow/environments/$environment"
            params={{ project, workflow: row.name, environment: one.environment }}
          >
            <HostileText text={one.environment} inline max={40} />
          </Link>{" "}
          {runningWords(one)}
        </span>
      ))}
    </span>
  );
}

/** Of the version that most of the sessions get; the newest, where none is released. */
function Completion({ project, row }: { project: string; row: WorkflowRow }) {
  const { data } = useQuery(outcomes(project, row.name));
  const version = leading(row.environments) ?? row.latest;
  const told = outcomesOf(data?.versions, version);
  if (!told) return <span className={css.muted}>{data ? DASH : ""}</span>;
  return (
    <EstimateView
      estimate={told.completion}
      unit="rate"
      look="stacked"
      unknown={told.sessions - told.known}
    />
  );
}
