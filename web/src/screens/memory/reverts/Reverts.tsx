/** Every revert, newest first: who took back what, why, how much of it, and the way back. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Revert, reverts } from "@/api/memory";
import { counted, formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Empty, Failed, Loading } from "@/parts/States";
import { actorWords } from "@/screens/workflows/words/moves";
import { Head } from "../pieces/Head";
import page from "../pieces/Memory.module.css";
import { useMayWrite } from "../pieces/useMayWrite";
import { Chosen } from "./Chosen";
import { Undo } from "./Undo";

const FROM = "/p/$project/memory/reverts";

export function Reverts() {
  const { project } = useParams({ from: FROM });
  const { revert } = useSearch({ from: FROM });
  const answer = useInfiniteQuery(reverts(project));
  const rows = answer.data?.pages.flatMap((one) => one.reverts);
  const total = answer.data?.pages[0]?.total ?? 0;
  return (
    <div className={page.page}>
      <Head
        project={project}
        current="reverts"
        note={total > 0 ? counted(total, "revert") : undefined}
      />
      {answer.isError && !rows ? (
        <Failed
          error={answer.error}
          what="The reverts could not be read."
          retry={() => void answer.refetch()}
        />
      ) : !rows ? (
        <Loading rows={5} rowHeight="two-lines" what="the reverts" />
      ) : rows.length === 0 ? (
        <Empty title="Nothing was taken back yet.">
          <p>
            A revert hides what a session, a version, a user or a time wrote, after showing what
            would go. It is listed here and can be undone.
          </p>
          <CodeBlock
            text="quarterdeck memory revert --session ticket-4711 --dry-run"
            label="command"
          />
        </Empty>
      ) : (
        <>
          <Rows project={project} rows={rows} marked={revert} />
          {answer.hasNextPage && (
            <div>
              <Button
                isPending={answer.isFetchingNextPage}
                onPress={() => void answer.fetchNextPage()}
              >
                Show older of {formatCount(total)}
              </Button>
            </div>
          )}
        </>
      )}
    </div>
  );
}

interface RowsProps {
  project: string;
  rows: readonly Revert[];
  marked: string | undefined;
}

function Rows({ project, rows, marked }: RowsProps) {
  const mayWrite = useMayWrite(project);
  const [undoing, setUndoing] = useState<Revert | null>(null);
  const columns: Column<Revert>[] = [
    { id: "at", title: "When", cell: (row) => <Instant at={row.at} fineness="second" /> },
    {
      id: "what",
      title: "Who took back what",
      isName: true,
      grows: true,
      cell: (row) => (
        <>
          <HostileText text={actorWords(row.by)} inline max={120} /> took back{" "}
          <Chosen project={project} of={row.selection} />
          <span className={page.line}>
            <HostileText text={`“${row.reason}”`} inline max={400} />
          </span>
        </>
      ),
    },
    {
      id: "writes",
      title: "Writes",
      numeric: true,
      cell: (row) => (
        <>
          {formatCount(row.writes)}
          {row.shows > 0 && <span className={page.line}>{formatCount(row.shows)} shown again</span>}
        </>
      ),
    },
    {
      id: "undo",
      title: "Now",
      cell: (row) =>
        row.undone_at === null ? (
          <Button
            size="small"
            isDisabled={!mayWrite}
            aria-label={`Undo the revert of ${counted(row.writes, "write")}…`}
            onPress={() => setUndoing(row)}
          >
            Undo…
          </Button>
        ) : (
          <>
            undone <Instant at={row.undone_at} />
            <span className={page.line}>
              <HostileText text={actorWords(row.undone_by)} inline max={120} />
            </span>
          </>
        ),
    },
  ];
  return (
    <>
      <DataTable
        caption="Reverts, newest first"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.revert_id}
        density="two-lines"
        isMarked={(row) => row.revert_id === marked}
      />
      {undoing && <Undo project={project} of={undoing} onClose={() => setUndoing(null)} />}
    </>
  );
}
