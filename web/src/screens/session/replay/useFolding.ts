/** Keys that open and close sub-agents: → and Enter into one, ← and Backspace out of it. */
import { useKeys } from "@/app/keys/useKeys";
import { useSession } from "../model";
import { isUnfolded, unfold } from "./folds";
import { isSubAgent, stepsAround } from "./visible";

export function useFolding(session: string): void {
  const store = useSession();
  const into = () => {
    const { model, step } = store.state;
    if (model && isSubAgent(model, step)) unfold(session, "agent", step, true);
  };
  const out = () => {
    const { model, step } = store.state;
    if (!model) return;
    if (isSubAgent(model, step) && isUnfolded(session, "agent", step)) {
      unfold(session, "agent", step, false);
      return;
    }
    const around = stepsAround(model, step).find((one) => isSubAgent(model, one));
    if (around === undefined) return;
    store.select(around);
    unfold(session, "agent", around, false);
  };
  useKeys({ unfold: into, open: into, fold: out, outside: out });
}
