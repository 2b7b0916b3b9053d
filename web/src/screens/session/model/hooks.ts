/** How components read a session's store: each renders again only when its own part changed. */
import { createContext, useContext, useSyncExternalStore } from "react";
import type { Model } from "./model";
import type { Live, Range, SessionStore, State } from "./store";

export const SessionContext = createContext<SessionStore | null>(null);

/** Throws outside a session's screen. */
export function useSession(): SessionStore {
  const store = useContext(SessionContext);
  if (!store) throw new Error("This is shown outside a session.");
  return store;
}

/** `pick` gives a primitive, or an object that is the same while nothing in it changed. */
export function useSelector<T>(pick: (state: State) => T): T {
  const store = useSession();
  return useSyncExternalStore(store.subscribe, () => pick(store.state));
}

/** Throws before the first rows are there: a view is shown only afterwards. */
export function useModel(): Model {
  const model = useSelector((state) => state.model);
  if (!model) throw new Error("The session's rows have not arrived.");
  return model;
}

export function useStep(): number {
  return useSelector((state) => state.step);
}

export function useRange(): Range | null {
  return useSelector((state) => state.range);
}

export function useLive(): Live {
  return useSelector((state) => state.live);
}
