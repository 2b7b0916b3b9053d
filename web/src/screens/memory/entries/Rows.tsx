/** Entries, newest first. */
import type { Entry } from "@/api/memory";
import { DASH, formatCount } from "@/format";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { ToEntry } from "../pieces/links";
import page from "../pieces/Memory.module.css";
import { Where } from "../pieces/Place";
import { useRowKeys } from "../pieces/useRowKeys";
import { Who } from "../pieces/Who";
import { shortValue } from "../words/value";
import css from "./Entries.module.css";

interface Props {
  project: string;
  rows: readonly Entry[];
  isDimmed: boolean;
}

export function Rows({ project, rows, isDimmed }: Props) {
  const around = useRowKeys();
  const columns: Column<Entry>[] = [
    {
      id: "entry",
      title: "Entry",
      grows: true,
      isName: true,
      cell: (row) => (
        <>
          <span className={css.name}>
            <ToEntry project={project} of={row} />
            <span className={css.where}>
              <Where of={row} />
            </span>
          </span>
          <span className={css.value}>
            <HostileText text={shortValue(row.value)} inline max={300} />
          </span>
        </>
      ),
    },
    {
      id: "who",
      title: "Written by",
      cell: (row) => <Who project={project} of={row.provenance} />,
    },
    {
      id: "at",
      title: "When",
      cell: (row) => (
        <>
          <Instant at={row.written_at} />
          {row.expires_at !== null && (
            <span className={page.line}>
              until <Instant at={row.expires_at} />
            </span>
          )}
        </>
      ),
    },
    {
      id: "readers",
      title: "Read by",
      numeric: true,
      cell: (row) => (row.readers === 0 ? DASH : formatCount(row.readers)),
    },
  ];
  return (
    <div ref={around}>
      <DataTable
        caption="Entries, newest first"
        columns={columns}
        rows={rows}
        rowKey={(row) => String(row.seq)}
        density="two-lines"
        isDimmed={isDimmed}
      />
    </div>
  );
}
