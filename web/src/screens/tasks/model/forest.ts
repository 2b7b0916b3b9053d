/**
 * The nodes of a task's tree as they were told, whole and by branch, and which of them are shown.
 *
 * Pure. Nothing is computed here but places: figures and orders are the server's.
 */
import type { TaskNode } from "@/api/tasks";

export interface Forest {
  readonly root: string;
  readonly nodes: ReadonlyMap<string, TaskNode>;
  /** Most sessions first, folded ones last. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly parents: ReadonlyMap<string, string>;
}

/** `branches` are answers about what is below a node; each begins with that node. */
export function forestOf(
  root: string,
  whole: readonly TaskNode[],
  branches: readonly (readonly TaskNode[])[] = [],
): Forest {
  const nodes = new Map<string, TaskNode>();
  const children = new Map<string, string[]>();
  const parents = new Map<string, string>();
  const add = (node: TaskNode) => {
    if (nodes.has(node.id)) return;
    const isKnown = node.parent !== null && nodes.has(node.parent);
    if (node.id !== root && !isKnown) return;
    nodes.set(node.id, node);
    if (node.parent === null || !isKnown) return;
    parents.set(node.id, node.parent);
    const siblings = children.get(node.parent);
    if (siblings) siblings.push(node.id);
    else children.set(node.parent, [node.id]);
  };
  for (const node of whole) add(node);
  for (const branch of branches) for (const node of branch) add(node);
  const rank = (id: string) => {
    const node = nodes.get(id);
    return node ? (node.kind === "others" ? -1 : node.sessions) : 0;
  };
  for (const siblings of children.values()) siblings.sort((one, two) => rank(two) - rank(one));
  return { root, nodes, children, parents };
}

export function childrenOf(forest: Forest, id: string): readonly string[] {
  return forest.children.get(id) ?? [];
}

/** Whether anything comes after it, here or still at the server. */
export function canOpen(forest: Forest, id: string): boolean {
  return childrenOf(forest, id).length > 0 || (forest.nodes.get(id)?.children ?? 0) > 0;
}

/** Children that were not sent yet. */
export function lacksChildren(forest: Forest, id: string): boolean {
  const node = forest.nodes.get(id);
  return node !== undefined && node.children > childrenOf(forest, id).length;
}

/** From the root to the node, itself last; empty for a node that is not there. */
export function wayTo(forest: Forest, id: string): string[] {
  const way: string[] = [];
  for (let at: string | undefined = id; at !== undefined; at = forest.parents.get(at)) {
    if (forest.nodes.has(at)) way.unshift(at);
  }
  return way;
}

/**
 * What is open when the tree is first shown: the ways of most sessions, as many as `rows` lines
 * hold, so that it is read without scrolling.
 */
export function openAtFirst(forest: Forest, rows: number): Set<string> {
  const open = new Set<string>([forest.root]);
  let used = Math.max(1, childrenOf(forest, forest.root).length);
  const waiting = [...childrenOf(forest, forest.root)];
  while (waiting.length > 0) {
    waiting.sort((one, two) => sessions(forest, one) - sessions(forest, two));
    const id = waiting.pop();
    if (id === undefined) break;
    const below = childrenOf(forest, id);
    // What is folded on both sides tells nothing.
    if (below.every((one) => forest.nodes.get(one)?.kind === "others")) continue;
    if (forest.nodes.get(id)?.kind === "others") continue;
    if (used + below.length - 1 > rows) continue;
    used += below.length - 1;
    open.add(id);
    waiting.push(...below);
  }
  return open;
}

function sessions(forest: Forest, id: string): number {
  return forest.nodes.get(id)?.sessions ?? 0;
}

export interface Shown {
  readonly id: string;
  /** From 0, the root's. */
  readonly depth: number;
  readonly isOpen: boolean;
  readonly canOpen: boolean;
  /** Among its siblings, from 1. */
  readonly position: number;
  readonly siblings: number;
}

/** Nodes that are shown, parents before children. */
export function shownNodes(forest: Forest, open: ReadonlySet<string>): Shown[] {
  const found: Shown[] = [];
  const take = (id: string, depth: number, position: number, siblings: number) => {
    const isOpen = open.has(id) && childrenOf(forest, id).length > 0;
    found.push({ id, depth, isOpen, canOpen: canOpen(forest, id), position, siblings });
    if (!isOpen) return;
    const below = childrenOf(forest, id);
    below.forEach((child, at) => {
      take(child, depth + 1, at + 1, below.length);
    });
  };
  if (forest.nodes.has(forest.root)) take(forest.root, 0, 1, 1);
  return found;
}
