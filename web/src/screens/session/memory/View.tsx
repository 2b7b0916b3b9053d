/**
 * What a session read of memory and what it wrote there: before, after, and who read that later.
 *
 * Memory outlives sessions, so what stands here may have been overwritten or hidden since.
 */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { memoryOfSession, type SessionRead } from "@/api/memory";
import { counted, formatCount } from "@/format";
import { Button, LinkButton } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { SessionId } from "@/parts/SessionId";
import { Empty, Failed, Loading } from "@/parts/States";
import { Place } from "@/screens/memory/pieces/Place";
import { stateWords } from "@/screens/memory/words/state";
import css from "./View.module.css";
import { WriteRow } from "./WriteRow";

export function View() {
  const { project = "", session = "" } = useParams({ strict: false });
  const answer = useInfiniteQuery(memoryOfSession(project, session));
  const first = answer.data?.pages[0];
  if (answer.isError && !first) {
    return (
      <Failed
        error={answer.error}
        what="The session's memory could not be read."
        retry={() => void answer.refetch()}
      />
    );
  }
  if (!first) return <Loading rows={6} rowHeight="two-lines" what="the session's memory" />;
  const { reads_total, writes_total } = first;
  if (reads_total === 0 && writes_total === 0) return <NoMemory />;
  const pages = answer.data?.pages ?? [];
  const writes = pages.flatMap((page) => page.writes);
  const reads = pages.flatMap((page) => page.reads);
  return (
    <div className={css.page}>
      {writes_total > 0 && (
        <Section
          title="Written"
          note={counted(writes_total, "write")}
          aside={
            <LinkButton
              size="small"
              to="/p/$project/memory/revert"
              params={{ project }}
              search={{ session }}
            >
              Revert what this session wrote…
            </LinkButton>
          }
        >
          <ol>
            {writes.map((write) => (
              <WriteRow key={write.seq} project={project} write={write} />
            ))}
          </ol>
        </Section>
      )}
      {reads_total > 0 && (
        <Section title="Read" note={`${counted(reads_total, "read")}, the first one first`}>
          <Reads project={project} session={session} rows={reads} />
        </Section>
      )}
      {answer.hasNextPage && (
        <div>
          <Button isPending={answer.isFetchingNextPage} onPress={() => void answer.fetchNextPage()}>
            Show more of {formatCount(Math.max(reads_total, writes_total))}
          </Button>
        </div>
      )}
    </div>
  );
}

interface ReadsProps {
  project: string;
  session: string;
  rows: readonly SessionRead[];
}

function Reads({ project, session, rows }: ReadsProps) {
  const columns: Column<SessionRead>[] = [
    {
      id: "entry",
      title: "Entry",
      grows: true,
      isName: true,
      cell: (row) => <Place project={project} of={row.address} />,
    },
    {
      id: "at",
      title: "Read",
      cell: (row) => (
        <>
          <Instant at={row.at} fineness="second" />
          {row.agent && (
            <span className={css.line}>
              <HostileText text={row.agent} inline max={80} />
            </span>
          )}
        </>
      ),
    },
    {
      id: "writer",
      title: "Written by",
      cell: (row) =>
        row.written_by_session === "" ? (
          "a person"
        ) : row.written_by_session === session ? (
          "this session"
        ) : (
          <SessionId id={row.written_by_session} project={project} />
        ),
    },
    {
      id: "state",
      title: "What it read is",
      cell: (row) => stateWords(row),
    },
  ];
  return (
    <DataTable
      caption="Reads, the first one first"
      columns={columns}
      rows={rows}
      rowKey={(row) => `${row.seq} ${row.at} ${row.span_id}`}
      density="two-lines"
    />
  );
}

const CODE = `notes = qd.memory("customer-notes")
known = notes.get("plan", default="nothing known")`;

function NoMemory() {
  return (
    <div className={css.page}>
      <Empty title="This session neither read memory nor wrote there.">
        <p>
          What agents keep across sessions is written and read with Quarterdeck's memory; each read
          and write is then listed here.
        </p>
        <CodeBlock text={CODE} label="code" title="In your agent" />
      </Empty>
    </div>
  );
}
