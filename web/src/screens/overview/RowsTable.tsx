/** Versions, task types or models beside each other, most sessions first. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { OverviewAnswer } from "@/api/overview";
import { segment } from "@/app/address";
import { formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { DifferenceView } from "@/parts/DifferenceView";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { Section } from "@/parts/Section";
import { sessionsBehind } from "./behind";

const FIRST = 8;

type Row = OverviewAnswer["workflows"][number];

interface Props {
  title: string;
  /** What a row is. */
  of: string;
  rows: readonly Row[];
  nameOf: (row: Row) => string;
  unnamed: string;
  project: string;
  /** A row's name leads to its ways, not to its sessions. */
  toTasks?: boolean;
}

export function RowsTable({ title, of, rows, nameOf, unnamed, project, toTasks = false }: Props) {
  const [all, setAll] = useState(false);
  if (rows.length === 0 || (rows.length === 1 && rows[0] && nameOf(rows[0]) === "")) return null;
  const differs = rows.some((row) => row.completion_difference);
  const columns: Column<Row>[] = [
    {
      id: "name",
      title: of,
      grows: true,
      isName: true,
      cell: (row) => {
        const name = nameOf(row);
        if (!name) return <span>{unnamed}</span>;
        const text = <HostileText text={name} inline max={120} />;
        return toTasks ? (
          <Link to="/p/$project/tasks/$task" params={{ project, task: segment(name) }}>
            {text}
          </Link>
        ) : (
          <Link {...sessionsBehind(row.behind, project)}>{text}</Link>
        );
      },
    },
    {
      id: "sessions",
      title: "Sessions",
      numeric: true,
      cell: (row) => (
        <Link {...sessionsBehind(row.behind, project)}>{formatCount(row.sessions)}</Link>
      ),
    },
    {
      id: "completion",
      title: "Completion",
      numeric: true,
      cell: (row) => <EstimateView estimate={row.completion} unit="rate" />,
    },
    ...(differs
      ? [
          {
            id: "difference",
            title: "Against before",
            numeric: true,
            cell: (row: Row) =>
              row.completion_difference && (
                <DifferenceView difference={row.completion_difference} unit="rate" />
              ),
          },
        ]
      : []),
    {
      id: "intervention",
      title: "Intervention",
      numeric: true,
      cell: (row) => <EstimateView estimate={row.intervention} unit="rate" />,
    },
    {
      id: "per-success",
      title: "Cost per success",
      numeric: true,
      cell: (row) => <EstimateView estimate={row.cost_per_success} unit="USD" />,
    },
    {
      id: "cost",
      title: "Cost",
      numeric: true,
      cell: (row) => <EstimateView estimate={row.cost} unit="USD" />,
    },
  ];
  return (
    <Section title={title}>
      <DataTable
        caption={title}
        columns={columns}
        rows={all ? rows : rows.slice(0, FIRST)}
        rowKey={(row) => `${row.workflow} ${row.version} ${row.task_type} ${row.model}`}
      />
      {rows.length > FIRST && (
        <Button look="quiet" size="small" onPress={() => setAll(!all)}>
          {all ? `The first ${FIRST}` : `${formatCount(rows.length - FIRST)} more`}
        </Button>
      )}
    </Section>
  );
}
