/** The nodes of the tree as a table: the picture for who does not see it, and for very many. */
import type { LinkProps } from "@tanstack/react-router";
import { useState } from "react";
import type { TaskNode } from "@/api/tasks";
import { formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { DifferenceView } from "@/parts/DifferenceView";
import { EstimateView } from "@/parts/EstimateView";
import type { TaskSearch } from "./address";
import { ToNode, WayText } from "./HotSpots";
import { type Forest, wayTo } from "./model/forest";
import { nameOf } from "./model/looks";
import { type Sort, sortedNodes } from "./order";

const FIRST = 50;

interface Props {
  forest: Forest;
  project: string;
  task: string;
  search: TaskSearch;
}

export function WaysTable({ forest, project, task, search }: Props) {
  const [most, setMost] = useState(FIRST);
  const sort = search.sort ?? "-sessions";
  const rows = sortedNodes([...forest.nodes.values()], sort);
  const by = (name: Sort, isDown: boolean): Pick<Column<TaskNode>, "sort" | "sorted"> => {
    const now = sort === name ? "ascending" : sort === `-${name}` ? "descending" : undefined;
    const next = now === "descending" || (now === undefined && !isDown) ? name : `-${name}`;
    return {
      sort: {
        to: "/p/$project/tasks/$task",
        params: { project, task },
        search: { ...search, sort: next },
        resetScroll: false,
      } as LinkProps,
      ...(now ? { sorted: now } : {}),
    };
  };
  const compares = rows.some((node) => node.compare);
  const columns: Column<TaskNode>[] = [
    {
      id: "way",
      title: "Way",
      grows: true,
      isName: true,
      cell: (node) => (
        <ToNode node={node.id} project={project} task={task} search={search}>
          <WayText way={labelsTo(forest, node)} />
        </ToNode>
      ),
    },
    {
      id: "sessions",
      title: "Sessions",
      numeric: true,
      ...by("sessions", true),
      cell: (node) => formatCount(node.sessions),
    },
    {
      id: "success",
      title: "Success",
      numeric: true,
      ...by("success", true),
      cell: (node) => (
        <EstimateView
          look="stacked"
          estimate={node.success}
          unit="rate"
          unknown={node.outcomes.unknown}
        />
      ),
    },
    ...(compares
      ? [
          {
            id: "difference",
            title: "Difference",
            numeric: true,
            cell: (node: TaskNode) =>
              node.compare && (
                <DifferenceView look="stacked" difference={node.compare.success} unit="rate" />
              ),
          },
        ]
      : []),
    {
      id: "cost",
      title: "Cost from here",
      numeric: true,
      ...by("cost", true),
      cell: (node) => <EstimateView look="stacked" estimate={node.cost_to_go} unit="USD" />,
    },
    {
      id: "people",
      title: "A person steps in",
      numeric: true,
      ...by("people", true),
      cell: (node) => <EstimateView look="stacked" estimate={node.people} unit="rate" />,
    },
  ];
  return (
    <>
      <DataTable
        caption="Ways of the tree"
        columns={columns}
        rows={rows.slice(0, most)}
        rowKey={(node) => node.id}
        density="two-lines"
        isMarked={(node) => node.id === search.node}
      />
      {rows.length > most && (
        <Button size="small" onPress={() => setMost(most + FIRST)}>
          Show {formatCount(Math.min(FIRST, rows.length - most))} more of {formatCount(rows.length)}
        </Button>
      )}
    </>
  );
}

function labelsTo(forest: Forest, node: TaskNode): string[] {
  const way = wayTo(forest, node.id).flatMap((id) => forest.nodes.get(id) ?? []);
  return (way.length > 1 ? way.slice(1) : way).map(nameOf);
}
