/**
 * A session's decision tree as rows: what is shown of it, folded, and which row a step is in.
 *
 * Pure. A choice of one thing and that thing are one row: "the model chose bash".
 */
import type { DecisionNode } from "@/api/tasks";

export interface Row {
  readonly node: DecisionNode;
  /** What a choice chose, where it chose one thing and nothing came of that but its end. */
  readonly chosen: DecisionNode | null;
  readonly id: string;
  /** From 1. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
  /** The first step that it stands for, or that stands below it; 0 = none. */
  readonly step: number;
}

/** `within`: only what has a step in this range, both ends inclusive. */
export function rowsOf(
  root: DecisionNode,
  folded: ReadonlySet<string>,
  within: { from: number; to: number } | null = null,
): Row[] {
  const rows: Row[] = [];
  const take = (nodes: readonly DecisionNode[], level: number) => {
    const some = within ? nodes.filter((node) => touches(node, within)) : nodes;
    some.forEach((node, at) => {
      const chosen = onlyChoice(node);
      const children = chosen ? [] : (node.children ?? []);
      const isOpen = children.length > 0 && !folded.has(node.id);
      rows.push({
        node,
        chosen,
        id: node.id,
        level,
        position: at + 1,
        siblings: some.length,
        hasChildren: children.length > 0,
        isOpen,
        step: firstStep(node),
      });
      if (isOpen) take(children, level + 1);
    });
  };
  take(root.children ?? [], 1);
  return rows;
}

function onlyChoice(node: DecisionNode): DecisionNode | null {
  const [only, ...more] = node.children ?? [];
  if (node.kind !== "choice" || !only || more.length > 0) return null;
  return only.kind === "parallel" || (only.children ?? []).length > 0 ? null : only;
}

export function firstStep(node: DecisionNode): number {
  const own = node.steps?.[0];
  if (own !== undefined) return own;
  for (const child of node.children ?? []) {
    const step = firstStep(child);
    if (step > 0) return step;
  }
  return 0;
}

function touches(node: DecisionNode, range: { from: number; to: number }): boolean {
  return (
    (node.steps ?? []).some((step) => step >= range.from && step <= range.to) ||
    (node.children ?? []).some((child) => touches(child, range))
  );
}

/** The row that the step stands in: the innermost that is shown, else the last before it; -1 = none. */
export function rowOfStep(rows: readonly Row[], step: number): number {
  let found = -1;
  let before = -1;
  rows.forEach((row, at) => {
    const steps = [...(row.node.steps ?? []), ...(row.chosen?.steps ?? [])];
    if (steps.includes(step)) found = at;
    if (row.step > 0 && row.step <= step) before = at;
  });
  return found >= 0 ? found : before;
}
