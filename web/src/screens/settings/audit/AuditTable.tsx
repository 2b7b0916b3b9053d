/** Rows of the audit. Names and addresses in them came from outside. */
import type { AuditEntry } from "@/api/settings";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { detailsOf } from "./rows";

const COLUMNS: Column<AuditEntry>[] = [
  { id: "at", title: "When", cell: (row) => <Instant at={row.at} fineness="second" /> },
  { id: "actor", title: "Who", cell: (row) => <HostileText text={row.actor} inline /> },
  {
    id: "action",
    title: "Did",
    isName: true,
    cell: (row) => <HostileText text={row.action} inline mono />,
  },
  { id: "target", title: "To", cell: (row) => <HostileText text={row.target} inline mono /> },
  {
    id: "details",
    title: "Details",
    grows: true,
    cell: (row) => <HostileText text={detailsOf(row)} inline />,
  },
];

export function AuditTable({ rows }: { rows: readonly AuditEntry[] }) {
  return (
    <DataTable
      columns={COLUMNS}
      rows={rows}
      rowKey={(row) => `${row.at} ${row.action} ${row.target}`}
      caption="Changes, newest first"
      density="compact"
    />
  );
}
