/**
 * Every key of the app, with its one meaning.
 *
 * `?` shows this table and `useKeys` binds from it, so the two can't differ. A key that makes no
 * sense on a screen is not bound there and does nothing.
 */
export const KEYS = {
  palette: { keys: ["$mod+k"], means: "Go to anything" },
  filter: { keys: ["/"], means: "Into the filter or find field" },
  sheet: { keys: ["Shift+?", "?"], means: "Keys that work here" },
  goOverview: { keys: ["g o"], means: "Overview" },
  goSessions: { keys: ["g s"], means: "Sessions" },
  goTasks: { keys: ["g t"], means: "Tasks" },
  goSettings: { keys: ["g ,"], means: "Settings" },
  next: { keys: ["j", "ArrowDown"], means: "Next row or step" },
  previous: { keys: ["k", "ArrowUp"], means: "Previous row or step" },
  nextTurn: { keys: ["Shift+J"], means: "Next turn" },
  previousTurn: { keys: ["Shift+K"], means: "Previous turn" },
  open: { keys: ["Enter"], means: "Open" },
  preview: { keys: ["Space"], means: "Preview, or play" },
  select: { keys: ["x"], means: "Select" },
  nextItem: { keys: ["]"], means: "Next item of the list that one came from" },
  previousItem: { keys: ["["], means: "Previous item of that list" },
  view: { keys: ["1", "2", "3", "4", "5", "6", "7", "8"], means: "Views of this object" },
  permanent: { keys: ["y"], means: "Copy a permanent link" },
  copy: { keys: ["c"], means: "Copy as text, JSON or a command" },
  actions: { keys: ["."], means: "Actions for the selected thing" },
  leave: { keys: ["Escape"], means: "Close the top layer, or leave the range" },
  definition: { keys: ["d"], means: "Definition of the figure" },
  table: { keys: ["t"], means: "The picture as a table" },
  facets: { keys: ["f"], means: "Facets, or only this subtree" },
  live: { keys: ["l"], means: "Live rows on or off" },
  sort: { keys: ["s"], means: "Sort, or the sessions of a branch" },
  nextError: { keys: ["e"], means: "Next error" },
  previousError: { keys: ["Shift+E"], means: "Previous error" },
  nextHuman: { keys: ["h"], means: "Next act of a person" },
  previousHuman: { keys: ["Shift+H"], means: "Previous act of a person" },
  nextHandoff: { keys: ["o"], means: "Next handoff" },
  nextModel: { keys: ["m"], means: "Next model call" },
  nextHit: { keys: ["n"], means: "Next hit of the search" },
  previousHit: { keys: ["Shift+N"], means: "Previous hit" },
  fold: { keys: ["ArrowLeft"], means: "Fold, or to the parent" },
  unfold: { keys: ["ArrowRight"], means: "Unfold, or into it" },
  seen: { keys: ["w"], means: "What changed in the context; zoom in on the timeline" },
  raw: { keys: ["r"], means: "Raw attributes of this step" },
  outside: { keys: ["Backspace"], means: "Out of the sub-agent" },
} as const satisfies Record<string, { keys: readonly string[]; means: string }>;

export type Act = keyof typeof KEYS;
