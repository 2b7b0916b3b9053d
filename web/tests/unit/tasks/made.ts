/** Nodes of a task's tree, made as short as tests need them. */
import type { TaskNode } from "../../../src/api/tasks";

const NOBODY = { value: null, n: 0, interval: null };
const NONE = {
  success: 0,
  success_partial: 0,
  failure: 0,
  abandoned: 0,
  interrupted: 0,
  unknown: 0,
};

export function node(
  id: string,
  parent: string | null,
  sessions: number,
  more: Partial<TaskNode> = {},
): TaskNode {
  return {
    id,
    parent,
    depth: 0,
    kind: "tool",
    label: id,
    tool: id,
    target: null,
    result: null,
    members: [],
    sessions,
    share: NOBODY,
    loops: null,
    outcomes: NONE,
    ended_here: 0,
    ended_outcomes: NONE,
    success: NOBODY,
    cost_so_far: NOBODY,
    cost_to_go: NOBODY,
    people: NOBODY,
    is_small: false,
    children: 0,
    hidden: 0,
    folded: 0,
    compare: null,
    ...more,
  };
}

/** start → plan → (edit → test, ask), start → edit, start → 2 rarer ways */
export const TREE: readonly TaskNode[] = [
  node("start", null, 100, { kind: "start", children: 3 }),
  node("plan", "start", 70, { children: 2 }),
  node("edit", "plan", 50, { children: 1 }),
  node("test", "edit", 40),
  node("ask", "plan", 20, { kind: "human" }),
  node("hasty", "start", 25),
  node("start~", "start", 5, { kind: "others", children: 2, hidden: 2, folded: 2 }),
];
