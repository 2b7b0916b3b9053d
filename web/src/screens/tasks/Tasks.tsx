/** What the agents are asked to do: each type of task with how well and at what cost it is done. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ofTaskType, type TaskTypes, taskTypes } from "@/api/tasks";
import { segment } from "@/app/address";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { TimeRange } from "@/app/screen/TimeRange";
import { counted, formatCount } from "@/format";
import { LinkButton } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { type Column, DataTable } from "@/parts/DataTable";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { Empty, Failed, FilteredEmpty, Loading } from "@/parts/States";
import { Outcomes } from "./Outcomes";
import css from "./Task.module.css";

const FROM = "/p/$project/tasks";
type Row = TaskTypes["tasks"][number];

export function Tasks() {
  const { project } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const answer = useQuery(taskTypes(project, search));
  const rows = answer.data?.tasks;
  const named = rows?.filter((row) => row.task_type !== null) ?? [];
  const unnamed = rows?.find((row) => row.task_type === null);
  return (
    <div className={css.page} aria-busy={answer.isPlaceholderData}>
      <ScreenHead
        title="Tasks"
        note={rows && <Note named={named.length} unnamed={unnamed?.sessions ?? 0} />}
      >
        <TimeRange
          since={search.since ?? ""}
          until={search.until}
          onChange={(since) =>
            void navigate({
              search: { ...(search.q ? { q: search.q } : {}), ...(since ? { since } : {}) },
            })
          }
        />
      </ScreenHead>
      {answer.isError && !rows ? (
        <Failed error={answer.error} retry={() => void answer.refetch()} />
      ) : !rows ? (
        <Loading rows={8} what="the task types" />
      ) : named.length > 0 ? (
        <Types project={project} rows={rows} search={search} isDimmed={answer.isPlaceholderData} />
      ) : search.since || search.until || search.q ? (
        <FilteredEmpty title="No session in this selection names a task type.">
          <LinkButton to={FROM} params={{ project }} search={{}}>
            Look at all time
          </LinkButton>
        </FilteredEmpty>
      ) : (
        <HowToName sessions={unnamed?.sessions ?? 0} />
      )}
    </div>
  );
}

function Note({ named, unnamed }: { named: number; unnamed: number }) {
  return (
    <>
      {counted(named, "task type")}
      {unnamed > 0 &&
        `, and ${counted(unnamed, "session")} that ${unnamed === 1 ? "names" : "name"} none`}
    </>
  );
}

interface TypesProps {
  project: string;
  rows: readonly Row[];
  search: { since?: string; until?: string; q?: string };
  isDimmed: boolean;
}

function Types({ project, rows, search, isDimmed }: TypesProps) {
  const { q, ...time } = search;
  const figure = (row: Row, name: string) => row.figures[name];
  const estimate = (name: string, unit: string) => (row: Row) => {
    const told = figure(row, name);
    return (
      told && (
        <EstimateView
          estimate={told}
          unit={unit}
          look="stacked"
          {...(name === "task_completion_rate" ? { unknown: row.outcomes.unknown } : {})}
        />
      )
    );
  };
  const columns: Column<Row>[] = [
    {
      id: "type",
      title: "Task type",
      grows: true,
      isName: true,
      cell: (row) =>
        row.task_type === null ? (
          <span className={css.muted}>no task type told</span>
        ) : (
          <Link
            to="/p/$project/tasks/$task"
            params={{ project, task: segment(row.task_type) }}
            search={search}
          >
            <HostileText text={row.task_type} inline max={200} />
          </Link>
        ),
    },
    {
      id: "sessions",
      title: "Sessions",
      numeric: true,
      cell: (row) =>
        row.task_type === null ? (
          formatCount(row.sessions)
        ) : (
          <Link
            to="/p/$project/sessions"
            params={{ project }}
            search={{ ...time, q: [ofTaskType(row.task_type), q].filter(Boolean).join(" ") }}
          >
            {formatCount(row.sessions)}
          </Link>
        ),
    },
    {
      id: "outcomes",
      title: "Outcomes",
      width: "180px",
      cell: (row) => <Outcomes counts={row.outcomes} />,
    },
    {
      id: "completion",
      title: "Completion",
      numeric: true,
      cell: estimate("task_completion_rate", "rate"),
    },
    {
      id: "intervention",
      title: "A person steps in",
      numeric: true,
      cell: estimate("human_intervention_rate", "rate"),
    },
    {
      id: "cost",
      title: "Cost per task",
      numeric: true,
      cell: estimate("cost_per_task", "USD"),
    },
    {
      id: "success-cost",
      title: "Cost per success",
      numeric: true,
      cell: estimate("cost_per_success", "USD"),
    },
  ];
  return (
    <DataTable
      caption="Task types, most sessions first"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.task_type ?? " none"}
      isDimmed={isDimmed}
      density="two-lines"
    />
  );
}

const NAMED = `import quarterdeck

with quarterdeck.session(task="Migrate auth to Rust", task_type="code_migration"):
    run_agent()`;
const ATTRIBUTE = `quarterdeck.task_type = "code_migration"`;

function HowToName({ sessions }: { sessions: number }) {
  return (
    <Empty title="Task types are the rows of this screen.">
      <p>
        {sessions > 0
          ? `${counted(sessions, "session")} arrived, and none names what kind of task it is. `
          : "No session has arrived yet. "}
        Sessions of one task type are laid on each other: which ways lead to success, where they
        fail, where people step in. Name it where the agent starts:
      </p>
      <CodeBlock text={NAMED} label="Python" title="In Python" />
      <CodeBlock
        text={ATTRIBUTE}
        label="attribute"
        title="Or as an attribute of the first span, from any language"
      />
    </Empty>
  );
}
