/** What SDKs of other products asked for and did not get: nobody is to lose data unknowing. */
import type { components } from "@/api/schema";
import { formatCount } from "@/format";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";

type Call = components["schemas"]["Unanswered"];

const COLUMNS: Column<Call>[] = [
  {
    id: "call",
    title: "Call",
    isName: true,
    grows: true,
    cell: (row) => <HostileText text={row.call} inline mono />,
  },
  { id: "client", title: "Client", cell: (row) => row.client },
  { id: "status", title: "Answered", numeric: true, cell: (row) => row.status },
  { id: "times", title: "Times", numeric: true, cell: (row) => formatCount(row.times) },
  { id: "last", title: "Last", numeric: true, cell: (row) => <Instant at={row.last_at} /> },
];

export function Unanswered({ calls }: { calls: readonly Call[] }) {
  if (calls.length === 0) return null;
  return (
    <Section
      title="Calls that nothing answered"
      note="By SDKs of other products since the server started. What came with them is not kept."
    >
      <DataTable
        columns={COLUMNS}
        rows={calls}
        rowKey={(row) => `${row.client} ${row.call}`}
        caption="Calls of other products' SDKs that nothing answered"
      />
    </Section>
  );
}
