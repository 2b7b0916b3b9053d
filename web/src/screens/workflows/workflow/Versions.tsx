/** The versions with what each changed and how each does. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  comparison,
  type EnvironmentRow,
  type VersionOutcomes,
  type VersionRow,
} from "@/api/workflows";
import { segment } from "@/app/address";
import { DASH } from "@/format";
import { IntervalMark } from "@/parts/charts/IntervalMark";
import { type Column, DataTable } from "@/parts/DataTable";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Tag } from "@/parts/Tag";
import { ToVersion } from "../pieces/links";
import { actorWords } from "../words/moves";
import { outcomesOf } from "../words/outcomes";
import { runsAs } from "../words/running";
import { sessionsOf } from "../words/sessions";
import { changesLine } from "../words/summary";
import css from "./Versions.module.css";

interface Props {
  project: string;
  name: string;
  rows: readonly VersionRow[];
  environments: readonly EnvironmentRow[];
  outcomes: readonly VersionOutcomes[] | undefined;
  since: string | undefined;
}

export function Versions({ project, name, rows, environments, outcomes, since }: Props) {
  const of = (row: VersionRow) => outcomesOf(outcomes, row.version);
  const behind = (row: VersionRow) => ({
    to: "/p/$project/sessions" as const,
    params: { project },
    search: {
      q: sessionsOf({ workflow: name, version: row.version }),
      ...(since ? { since } : {}),
    },
  });
  const none = outcomes ? <span className={css.muted}>{DASH}</span> : null;
  const columns: Column<VersionRow>[] = [
    {
      id: "version",
      title: "Version",
      grows: true,
      isName: true,
      cell: (row) => (
        <>
          <span className={css.name}>
            <ToVersion project={project} name={name} version={row.version} />
            {runsAs(environments, row.version).map((words) => (
              <span key={words} className={css.runs}>
                {words}
              </span>
            ))}
            {row.tags.map((tag) => (
              <Tag key={tag} mono>
                <HostileText text={tag} inline max={40} />
              </Tag>
            ))}
            {row.message && (
              <span className={css.message}>
                <HostileText text={row.message} inline max={160} />
              </span>
            )}
          </span>
          <Changed project={project} name={name} version={row.version} />
        </>
      ),
    },
    {
      id: "completion",
      title: "Completion",
      numeric: true,
      cell: (row) => {
        const told = of(row);
        return told ? (
          <span className={css.figure}>
            <IntervalMark estimate={told.completion} quiet={!isCandidate(environments, row)} />
            <EstimateView
              look="stacked"
              estimate={told.completion}
              unit="rate"
              unknown={told.sessions - told.known}
              to={behind(row)}
              label={`Completion of version ${row.version}`}
            />
          </span>
        ) : (
          none
        );
      },
    },
    {
      id: "cost",
      title: "Cost per success",
      numeric: true,
      cell: (row) => {
        const told = of(row);
        return told ? (
          <EstimateView look="stacked" estimate={told.cost_per_success} unit="USD" />
        ) : (
          none
        );
      },
    },
    {
      id: "people",
      title: "A person steps in",
      numeric: true,
      cell: (row) => {
        const told = of(row);
        return told ? (
          <EstimateView look="stacked" estimate={told.intervention} unit="rate" />
        ) : (
          none
        );
      },
    },
    {
      id: "pushed",
      title: "Pushed",
      cell: (row) => (
        <>
          <Instant at={row.created_at} />
          <span className={css.by}>
            <HostileText text={actorWords(row.created_by)} inline max={60} />
          </span>
        </>
      ),
    },
  ];
  return (
    <DataTable
      caption="Versions, newest first"
      columns={columns}
      rows={rows}
      rowKey={(row) => String(row.version)}
      density="two-lines"
    />
  );
}

function isCandidate(environments: readonly EnvironmentRow[], row: VersionRow): boolean {
  return environments.some((one) => one.candidate?.version === row.version);
}

/** What this version changed against the one before, by meaning, as far as a line goes. */
function Changed({ project, name, version }: { project: string; name: string; version: number }) {
  const { data } = useQuery({
    ...comparison(project, name, String(version - 1), String(version)),
    enabled: version > 1,
  });
  if (version === 1) return <span className={css.changed}>the first version</span>;
  if (!data) return <span className={css.changed}>&nbsp;</span>;
  return (
    <span className={css.changed}>
      <Link
        to="/p/$project/workflows/$workflow/compare/$range"
        params={{ project, workflow: segment(name), range: `${version - 1}...${version}` }}
        className={css.quiet}
      >
        <HostileText text={changesLine(data)} inline max={240} />
      </Link>
    </span>
  );
}
