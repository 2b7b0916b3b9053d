/** What a revert would do: what goes, what stays and why, and who has read what goes. */
import type { ReactNode } from "react";
import type { Going, Plan, Reader, Staying } from "@/api/memory";
import { counted, DASH, formatCount } from "@/format";
import { Button, LinkButton } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { SessionId } from "@/parts/SessionId";
import { FilteredEmpty } from "@/parts/States";
import page from "../pieces/Memory.module.css";
import { Place } from "../pieces/Place";
import { Ended } from "../pieces/Readers";
import { useRowKeys } from "../pieces/useRowKeys";
import { Who } from "../pieces/Who";
import { isNothing, nothingWords } from "../words/plan";
import { shortValue } from "../words/value";
import css from "./Revert.module.css";

interface Props {
  project: string;
  plan: Plan;
  /** With the further rows of what goes and what stays. */
  pages: readonly Plan[];
  more: { isPending: boolean; fetch: () => void } | null;
}

export function PlanShown({ project, plan, pages, more }: Props) {
  const around = useRowKeys();
  const { totals } = plan;
  if (isNothing(plan)) {
    return (
      <FilteredEmpty
        title="Nothing would go."
        otherwise="No write that is found fits this, or all of them are hidden by a revert already."
      />
    );
  }
  return (
    <div ref={around} className={css.plan}>
      <ul className={css.totals} aria-label="In numbers">
        <Total n={plan.writes} of="write" act="hidden" />
        {plan.shows > 0 && <Total n={plan.shows} of="write" act="shown again" />}
        <Total n={totals.goes} of="entry" many="entries" act="found differently" />
        <Total
          n={totals.stays}
          of="entry"
          many="entries"
          act={totals.stays === 1 ? "stays, somebody wrote later" : "stay, somebody wrote later"}
        />
        <Total n={totals.readers} of="session" act="had read what goes" />
      </ul>
      {totals.goes > 0 && (
        <Section title="What goes" aside={counted(totals.goes, "entry", "entries")}>
          <Goes project={project} rows={pages.flatMap((one) => one.goes)} />
        </Section>
      )}
      {totals.stays > 0 && (
        <Section
          title="What stays"
          aside={counted(totals.stays, "entry", "entries")}
          note="Somebody wrote these later, and that is what is found, now and afterwards."
        >
          <Stays project={project} rows={pages.flatMap((one) => one.stays)} />
        </Section>
      )}
      {more && (
        <div>
          <Button isPending={more.isPending} onPress={more.fetch}>
            Show more of what goes and stays
          </Button>
        </div>
      )}
      {totals.readers > 0 ? (
        <Section
          title="Who read what goes"
          aside={counted(totals.readers, "session")}
          note={
            plan.hint ||
            "They are over or going on; a revert does not change what they did with it."
          }
        >
          <Read project={project} rows={plan.readers} />
          {totals.readers > plan.readers.length && (
            <p className={page.muted}>The first {formatCount(plan.readers.length)} are listed.</p>
          )}
        </Section>
      ) : (
        <p className={page.muted}>No other session has read what goes.</p>
      )}
    </div>
  );
}

function Total({ n, of, many, act }: { n: number; of: string; many?: string; act: string }) {
  return (
    <li>
      <strong>{counted(n, of, many)}</strong> <span className={page.muted}>{act}</span>
    </li>
  );
}

function Goes({ project, rows }: { project: string; rows: readonly Going[] }) {
  const columns: Column<Going>[] = [
    {
      id: "entry",
      title: "Entry",
      width: "24%",
      isName: true,
      cell: (row) => <Place project={project} of={row.address} />,
    },
    {
      id: "now",
      title: "Found now",
      width: "32%",
      cell: (row) => (
        <Value
          nothing={nothingWords(row, "now")}
          value={row.value_now}
          by={row.written_by && <Who project={project} of={row.written_by} />}
          look="now"
        />
      ),
    },
    {
      id: "after",
      title: "Found afterwards",
      width: "32%",
      cell: (row) => (
        <Value
          nothing={nothingWords(row, "after")}
          value={row.value_after}
          by={row.after_by && <Who project={project} of={row.after_by} />}
          look="after"
        />
      ),
    },
    {
      id: "writes",
      title: "Writes hidden",
      width: "12%",
      numeric: true,
      cell: (row) => formatCount(row.writes),
    },
  ];
  return (
    <div className={css.goes}>
      <DataTable
        caption="What goes, newest first"
        columns={columns}
        rows={rows}
        rowKey={(row) => JSON.stringify(row.address)}
        density="two-lines"
      />
    </div>
  );
}

interface ValueProps {
  nothing: string | null;
  value: unknown;
  by: ReactNode;
  look: "now" | "after";
}

function Value({ nothing, value, by, look }: ValueProps) {
  if (nothing !== null) return <span className={page.muted}>{nothing}</span>;
  return (
    <div className={css.value}>
      <span className={css.text} data-look={look}>
        <HostileText text={shortValue(value)} max={400} />
      </span>
      <span className={css.by}>{by}</span>
    </div>
  );
}

function Stays({ project, rows }: { project: string; rows: readonly Staying[] }) {
  const columns: Column<Staying>[] = [
    {
      id: "entry",
      title: "Entry",
      grows: true,
      isName: true,
      cell: (row) => <Place project={project} of={row.address} />,
    },
    {
      id: "because",
      title: "Because of",
      cell: (row) => <Who project={project} of={row.because} />,
    },
    {
      id: "at",
      title: "Later",
      cell: (row) => (
        <>
          {row.because.deleted ? "deleted it" : "wrote it"} <Instant at={row.because.at} />
        </>
      ),
    },
    {
      id: "writes",
      title: "Writes hidden",
      numeric: true,
      cell: (row) => formatCount(row.writes),
    },
  ];
  return (
    <DataTable
      caption="What stays, newest first"
      columns={columns}
      rows={rows}
      rowKey={(row) => JSON.stringify(row.address)}
      density="two-lines"
    />
  );
}

function Read({ project, rows }: { project: string; rows: readonly Reader[] }) {
  const columns: Column<Reader>[] = [
    {
      id: "session",
      title: "Session",
      grows: true,
      isName: true,
      cell: (row) => <SessionId id={row.session_id} project={project} />,
    },
    { id: "outcome", title: "Ended", cell: (row) => <Ended outcome={row.outcome} /> },
    { id: "first", title: "First read", cell: (row) => <Instant at={row.first_at} /> },
    { id: "reads", title: "Reads", numeric: true, cell: (row) => formatCount(row.reads) },
    {
      id: "later",
      title: "Wrote since",
      numeric: true,
      cell: (row) => (row.later_writes === 0 ? DASH : formatCount(row.later_writes)),
    },
    {
      id: "act",
      title: <span className="visually-hidden">Act</span>,
      cell: (row) =>
        row.later_writes > 0 && (
          <LinkButton
            size="small"
            look="quiet"
            to="/p/$project/memory/revert"
            params={{ project }}
            search={{ session: row.session_id }}
            aria-label={`Look at what ${visibleText(row.session_id, 80)} wrote…`}
          >
            Look at those…
          </LinkButton>
        ),
    },
  ];
  return (
    <DataTable
      caption="Sessions that read what goes, the first reader first"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.session_id}
    />
  );
}
