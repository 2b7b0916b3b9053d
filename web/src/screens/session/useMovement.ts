/** The keys that move through a session, the same in each of its views. */
import { type Bindings, useKeys } from "@/app/keys/useKeys";
import { type Move, useSession } from "./model";

export function useMovement(more: Bindings): void {
  const store = useSession();
  const go = (move: Move) => (event: KeyboardEvent) => {
    event.preventDefault();
    store.go(move);
  };
  useKeys({
    ...more,
    next: go("next"),
    previous: go("previous"),
    nextTurn: go("nextTurn"),
    previousTurn: go("previousTurn"),
    nextError: go("nextError"),
    previousError: go("previousError"),
    nextHuman: go("nextPerson"),
    previousHuman: go("previousPerson"),
    nextHandoff: go("nextHandoff"),
    nextModel: go("nextModel"),
    leave: () => store.setRange(null),
  });
}
