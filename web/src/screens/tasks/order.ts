/** The order of the table of ways. Pure. */
import type { TaskNode } from "@/api/tasks";
import { numeric } from "@/format";

export type Sort = "way" | "sessions" | "success" | "cost" | "people";
const FIGURES: Record<Exclude<Sort, "way">, (node: TaskNode) => number | null> = {
  sessions: (node) => node.sessions,
  success: (node) => numeric(node.success.value),
  cost: (node) => numeric(node.cost_to_go.value),
  people: (node) => numeric(node.people.value),
};

export function sortedNodes(nodes: readonly TaskNode[], sort: string): TaskNode[] {
  const isDown = sort.startsWith("-");
  const figure = FIGURES[(isDown ? sort.slice(1) : sort) as keyof typeof FIGURES];
  if (!figure) return [...nodes];
  // What nobody knows stands last, whichever way.
  return nodes.toSorted((one, two) => {
    const [a, b] = [figure(one), figure(two)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return isDown ? b - a : a - b;
  });
}
