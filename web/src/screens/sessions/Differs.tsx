/**
 * What the sessions of the filter, or the selected ones, have more or less often than the rest.
 *
 * Only what stands out of all that was compared is told, with its interval; else it says so.
 */
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";
import { type Differs as DiffersAnswer, differs, type Which } from "@/api/sessions";
import { counted, formatCount } from "@/format";
import { Button, IconButton } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { DifferenceView } from "@/parts/DifferenceView";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { Failed, Loading } from "@/parts/States";
import css from "./Sessions.module.css";

type Row = DiffersAnswer["differing"][number];

const FIRST = 8;

interface Props {
  readonly project: string;
  readonly which: Which;
  /** The rest is of these. */
  readonly within: string;
  /** "the 12 selected sessions" */
  readonly what: string;
  readonly onAdd: (term: string) => void;
  readonly onClose: () => void;
}

export function Differs({ project, which, within, what, onAdd, onClose }: Props) {
  const answer = useQuery(differs(project, which, within));
  const told = answer.data;
  return (
    <section className={css.differs} aria-label="What differs" aria-busy={answer.isFetching}>
      <header className={css.differsHead}>
        <h2>What differs in {what}?</h2>
        {told && (
          <span className={css.note}>
            {counted(told.selected, "session", "sessions")} against {formatCount(told.rest)} others
            of this time
          </span>
        )}
        <IconButton size="small" label="Close what differs" onPress={onClose}>
          <X aria-hidden />
        </IconButton>
      </header>
      {answer.isError ? (
        <Failed error={answer.error} retry={() => void answer.refetch()} />
      ) : !told ? (
        <Loading rows={4} rowHeight="compact" what="what differs" />
      ) : (
        <Told told={told} onAdd={onAdd} />
      )}
    </section>
  );
}

function Told({ told, onAdd }: { told: DiffersAnswer; onAdd: (term: string) => void }) {
  const [all, setAll] = useState(false);
  if (!told.is_enough) {
    return (
      <p className={css.note}>
        Not enough data: {counted(told.selected, "session", "sessions")} against{" "}
        {formatCount(told.rest)}, and it takes ten on each side.
      </p>
    );
  }
  if (told.nothing_stands_out) {
    return (
      <p>
        Nothing stands out. {counted(told.compared, "value was", "values were")} compared, and no
        difference is larger than chance makes them.
      </p>
    );
  }
  const columns: Column<Row>[] = [
    {
      id: "value",
      title: "Value",
      grows: true,
      isName: true,
      cell: (row) => (
        <span className={css.differsValue}>
          <span className={css.note}>{row.field}</span>{" "}
          <HostileText text={row.value || "none"} inline max={120} />
        </span>
      ),
    },
    {
      id: "selected",
      title: "Here",
      numeric: true,
      cell: (row) => <EstimateView estimate={row.selected} unit="rate" />,
    },
    {
      id: "rest",
      title: "Elsewhere",
      numeric: true,
      cell: (row) => <EstimateView estimate={row.rest} unit="rate" />,
    },
    {
      id: "difference",
      title: "Difference",
      numeric: true,
      cell: (row) => <Apart row={row} />,
    },
    {
      id: "act",
      title: "",
      cell: (row) =>
        row.q && (
          <Button size="small" look="quiet" onPress={() => onAdd(row.q)}>
            Filter
          </Button>
        ),
    },
  ];
  return (
    <>
      <DataTable
        caption="What differs, largest difference first"
        columns={columns}
        rows={all ? told.differing : told.differing.slice(0, FIRST)}
        rowKey={(row) => `${row.field} ${row.value}`}
      />
      <p className={css.note}>
        {told.differing.length > FIRST && (
          <Button size="small" look="quiet" onPress={() => setAll(!all)}>
            {all ? `The first ${FIRST}` : `${told.differing.length - FIRST} more`}
          </Button>
        )}{" "}
        {formatCount(told.compared)} values were compared. {told.method}
      </p>
    </>
  );
}

/** The verdict is the server's: what is told stands out, and is neither good nor bad by itself. */
function Apart({ row }: { row: Row }) {
  return (
    <DifferenceView
      unit="rate"
      difference={{
        value: row.difference,
        low: row.interval.low,
        high: row.interval.high,
        verdict: row.verdict,
      }}
    />
  );
}
