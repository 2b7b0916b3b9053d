/** A row of the transcript: the number of its step, what was said, and whether it is selected. */
import { memo, type ReactNode } from "react";
import { formatCount } from "@/format";
import { useModel, useSelector, useSession } from "../model";
import { describeStep, stepName } from "../model/words";
import css from "./Transcript.module.css";

interface StepRowProps {
  step: number;
  /** Nothing is said of it: it is the earlier attempt of another, or a wrapper. */
  isEmpty: boolean | undefined;
  children: ReactNode;
}

export const StepRow = memo(function StepRow({ step, isEmpty, children }: StepRowProps) {
  const model = useModel();
  const store = useSession();
  const isSelected = useSelector((state) => state.step === step);
  if (isEmpty && !isSelected) return null;
  const row = model.rowOfStep[step] ?? 0;
  const isLost = (model.episode[row] ?? 0) < 0;
  return (
    // The keys move the selection; a click does as well, and takes nothing from selecting text.
    // biome-ignore lint/a11y/useKeyWithClickEvents: j, k and the arrows do it.
    <article
      className={css.step}
      data-selected={isSelected}
      data-lost={isLost}
      aria-label={describeStep(model, step)}
      aria-posinset={step}
      aria-setsize={model.steps}
      aria-current={isSelected ? "step" : undefined}
      onClick={(event) => {
        const target = event.target as Element;
        if (target.closest("button, a, summary, input")) return;
        if (window.getSelection()?.isCollapsed === false) return;
        store.select(step);
      }}
    >
      <button
        type="button"
        className={css.number}
        tabIndex={-1}
        aria-hidden
        onClick={() => store.select(step)}
      >
        {formatCount(step)}
      </button>
      <div className={css.body}>
        {isEmpty ? (
          <p className={css.told}>{stepName(model, step)} is told with another step.</p>
        ) : (
          children
        )}
      </div>
    </article>
  );
});
