/** From which libraries spans came, and how many of them Quarterdeck understood. */
import type { components } from "@/api/schema";
import { formatCount } from "@/format";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { Empty } from "@/parts/States";

type Library = components["schemas"]["Library"];

const COLUMNS: Column<Library>[] = [
  {
    id: "library",
    title: "Library",
    isName: true,
    grows: true,
    cell: (row) =>
      row.scope === null ? "it did not say its name" : <HostileText text={row.scope} inline mono />,
  },
  { id: "spans", title: "Spans", numeric: true, cell: (row) => formatCount(row.spans) },
  {
    id: "recognized",
    title: "Understood",
    numeric: true,
    cell: (row) =>
      row.recognized === row.spans
        ? "all"
        : `${formatCount(row.recognized)} of ${formatCount(row.spans)}`,
  },
  {
    id: "last",
    title: "Last",
    numeric: true,
    cell: (row) => <Instant at={row.last_received_at} />,
  },
];

export function Libraries({
  libraries,
  arrived,
}: {
  libraries: readonly Library[];
  arrived: boolean;
}) {
  return (
    <Section
      title="Libraries"
      note="Of the last hour; where nothing came in it, of the last seven days."
    >
      {libraries.length === 0 ? (
        <Empty
          title={
            arrived
              ? "No spans arrived in the last seven days. Imported recordings are not counted here."
              : "Nothing arrived yet."
          }
        />
      ) : (
        <DataTable
          columns={COLUMNS}
          rows={libraries}
          rowKey={(row) => row.scope ?? ""}
          caption="Libraries that sent spans"
        />
      )}
    </Section>
  );
}
