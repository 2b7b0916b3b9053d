/**
 * The tree of a task type as the screen has it: what was told, what is open, and what is asked for
 * when a branch is opened. What one opened stays open while the app does.
 */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { type TreeChoice, taskTree } from "@/api/tasks";
import {
  type Forest,
  forestOf,
  lacksChildren,
  openAtFirst,
  shownNodes,
  wayTo,
} from "./model/forest";

/** Lines that are read without scrolling on a laptop. */
const ROWS = 16;

interface Opened {
  /** Opened or closed by hand, against what is open at first. */
  readonly turned: ReadonlyMap<string, boolean>;
  /** Asked for by the node above them. */
  readonly branches: readonly string[];
}

const NOTHING: Opened = { turned: new Map(), branches: [] };
const kept = new Map<string, Opened>();

export function useTree(project: string, name: string, choice: TreeChoice, selected = "") {
  const whole = useQuery(taskTree(project, name, choice));
  const key = JSON.stringify([project, name, choice]);
  const [opened, setOpened] = useState<{ key: string; is: Opened }>({ key: "", is: NOTHING });
  const { turned, branches } = opened.key === key ? opened.is : (kept.get(key) ?? NOTHING);

  const told = useQueries({
    queries: branches.map((node) => taskTree(project, name, choice, node)),
    combine: (answers) => ({
      isAsking: answers.some((one) => one.isPending),
      trees: answers.map((one) => one.data),
    }),
  });
  const tree = whole.data;
  const forest = useMemo<Forest | null>(() => {
    if (!tree) return null;
    return forestOf(
      tree.root,
      tree.nodes,
      told.trees.flatMap((one) => (one ? [one.nodes] : [])),
    );
  }, [tree, told.trees]);

  const shown = useMemo(() => {
    if (!forest) return [];
    const open = openAtFirst(forest, ROWS);
    for (const above of wayTo(forest, selected).slice(0, -1)) open.add(above);
    for (const [id, isOpen] of turned) {
      if (isOpen) open.add(id);
      else open.delete(id);
    }
    return shownNodes(forest, open);
  }, [forest, selected, turned]);

  const keep = useCallback(
    (change: (before: Opened) => Opened) => {
      const next = change(kept.get(key) ?? NOTHING);
      kept.set(key, next);
      setOpened({ key, is: next });
    },
    [key],
  );

  const turn = useCallback(
    (id: string, isOpen: boolean) =>
      keep((before) => ({
        turned: new Map(before.turned).set(id, isOpen),
        branches:
          isOpen && forest && lacksChildren(forest, id) && !before.branches.includes(id)
            ? [...before.branches, id]
            : before.branches,
      })),
    [keep, forest],
  );
  const reset = useCallback(() => keep(() => NOTHING), [keep]);
  return { whole, tree, forest, shown, isAsking: told.isAsking, turn, reset };
}
