/** The views of a session, in the order of their keys 1 to 8; each is loaded when first opened. */
import { type ComponentType, lazy } from "react";

type Load = () => Promise<{ View: ComponentType }>;

function view(name: string, word: string, load: Load) {
  return { name, word, load, View: lazy(async () => ({ default: (await load()).View })) };
}

export const VIEWS = [
  view("replay", "Replay", () => import("./replay/View")),
  view("timeline", "Timeline", () => import("./timeline/View")),
  view("tree", "Tree", () => import("./tree/View")),
  view("decisions", "Decisions", () => import("./decisions/View")),
  view("cost", "Cost", () => import("./cost/View")),
  view("people", "People", () => import("./people/View")),
  view("problems", "Problems", () => import("./problems/View")),
  view("raw", "Raw", () => import("./raw/View")),
] as const;
