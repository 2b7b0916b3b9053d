/** The number of a step that leads to it. */
import { formatCount } from "@/format";
import { useSession } from "../../model";
import css from "./Entries.module.css";

export function StepLink({ step, children }: { step: number; children?: string }) {
  const store = useSession();
  return (
    <button type="button" className={css.step} onClick={() => store.select(step)}>
      {children ?? formatCount(step)}
    </button>
  );
}
