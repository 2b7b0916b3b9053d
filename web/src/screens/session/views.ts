/**
 * The views of a session, in the order of their keys 1 to 9.
 *
 * Each is fetched when first wanted and shown as soon as it is there: not by React's `lazy`, which
 * keeps what stands in for it on the screen for 300 ms at least.
 */
import { type ComponentType, useEffect, useState } from "react";

type Load = () => Promise<{ View: ComponentType }>;

class SessionView {
  readonly name: string;
  readonly word: string;
  /** null until it was fetched. */
  View: ComponentType | null = null;
  readonly #load: Load;
  #fetched: Promise<void> | null = null;

  constructor(name: string, word: string, load: Load) {
    this.name = name;
    this.word = word;
    this.#load = load;
  }

  /** Once; again after a failure. */
  fetch(): Promise<void> {
    this.#fetched ??= this.#load().then(
      ({ View }) => {
        this.View = View;
      },
      (error: unknown) => {
        this.#fetched = null;
        throw error;
      },
    );
    return this.#fetched;
  }
}

export const VIEWS = [
  new SessionView("replay", "Replay", () => import("./replay/View")),
  new SessionView("timeline", "Timeline", () => import("./timeline/View")),
  new SessionView("tree", "Tree", () => import("./tree/View")),
  new SessionView("decisions", "Decisions", () => import("./decisions/View")),
  new SessionView("cost", "Cost", () => import("./cost/View")),
  new SessionView("memory", "Memory", () => import("./memory/View")),
  new SessionView("people", "People", () => import("./people/View")),
  new SessionView("problems", "Problems", () => import("./problems/View")),
  new SessionView("raw", "Raw", () => import("./raw/View")),
] as const;

export type { SessionView };

/** Its component, null while it is fetched; a failure is thrown to the screen's boundary. */
export function useView(view: SessionView): ComponentType | null {
  const [, told] = useState(0);
  const [failure, fail] = useState<Error | null>(null);
  useEffect(() => {
    if (view.View) return;
    let isHere = true;
    view.fetch().then(
      () => isHere && told((times) => times + 1),
      (error: unknown) => isHere && fail(error instanceof Error ? error : new Error(String(error))),
    );
    return () => {
      isHere = false;
    };
  }, [view]);
  if (failure) throw failure;
  return view.View;
}
