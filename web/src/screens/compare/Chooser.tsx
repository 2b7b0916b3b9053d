/** Which session to compare with: those of the same task type first, or what one filters for. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import { candidates } from "@/api/compare";
import { record } from "@/api/session";
import { ofTaskType } from "@/api/tasks";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { shortId } from "@/format";
import { type Column, DataTable } from "@/parts/DataTable";
import { Duration } from "@/parts/Duration";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Money } from "@/parts/Money";
import { OutcomeBadge } from "@/parts/OutcomeBadge";
import { SearchField } from "@/parts/SearchField";
import { Empty, Failed, Loading } from "@/parts/States";
import { Version } from "@/parts/Version";
import css from "./Compare.module.css";

interface Props {
  project: string;
  /** The one that is known; "" = none. */
  known: string;
  /** It is the first of the two. */
  isFirst: boolean;
}

type Row = Awaited<ReturnType<NonNullable<ReturnType<typeof candidates>["queryFn"]>>>[number];

export function Chooser({ project, known, isFirst }: Props) {
  const own = useQuery({ ...record(project, known), enabled: known !== "" });
  const type = own.data?.task_type;
  const [typed, setTyped] = useState<string | null>(null);
  const usual = type ? ofTaskType(type) : "";
  const q = useDeferredValue(typed ?? usual);
  const answer = useQuery({
    ...candidates(project, q),
    enabled: known === "" || own.isSuccess || own.isError,
  });
  const rows = answer.data?.filter((row) => row.session_id !== known);
  const columns: Column<Row>[] = [
    {
      id: "task",
      title: "Session",
      grows: true,
      isName: true,
      cell: (row) => (
        <Link
          to="/p/$project/sessions/$session"
          params={{
            project,
            session: isFirst ? `${known}...${row.session_id}` : `${row.session_id}...${known}`,
          }}
        >
          <HostileText text={row.task || row.asked || shortId(row.session_id)} inline max={200} />
        </Link>
      ),
    },
    {
      id: "outcome",
      title: "Outcome",
      cell: (row) => <OutcomeBadge label={row.outcome.label} size="small" />,
    },
    {
      id: "version",
      title: "Version",
      cell: (row) => <Version version={String(row.workflow?.version ?? "")} />,
    },
    { id: "began", title: "Began", cell: (row) => <Instant at={row.started_at} /> },
    { id: "took", title: "Took", numeric: true, cell: (row) => <Duration s={row.duration_s} /> },
    {
      id: "cost",
      title: "Cost",
      numeric: true,
      cell: (row) => <Money usd={row.cost.total_usd} unpriced={row.cost.unpriced_calls} short />,
    },
  ];
  return (
    <>
      <ScreenHead
        title="Compare with which session?"
        note={
          own.data && (
            <HostileText text={own.data.task || shortId(own.data.session_id)} inline max={200} />
          )
        }
      />
      <SearchField
        label="Filter the sessions"
        placeholder="outcome:failure, version:14, words"
        value={typed ?? usual}
        onChange={setTyped}
      />
      {answer.isError ? (
        <Failed error={answer.error} retry={() => void answer.refetch()} />
      ) : !rows ? (
        <Loading rows={8} what="the sessions" />
      ) : rows.length === 0 ? (
        <Empty title="No other session matches." />
      ) : (
        <div className={css.choices}>
          <DataTable
            caption="Sessions to compare with, newest first"
            columns={columns}
            rows={rows}
            rowKey={(row) => row.session_id}
            isDimmed={answer.isPlaceholderData}
          />
        </div>
      )}
    </>
  );
}
