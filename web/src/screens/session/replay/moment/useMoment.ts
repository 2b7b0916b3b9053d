/**
 * The details of the selected step. A held key asks for none of those that it passes; the
 * neighbours of where it rests are read ahead.
 */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { stepAt } from "@/api/session";
import { useModel, useStep } from "../../model";

const QUIET = 90; // ms without another step
const AHEAD = 250;

/** The step, once no other was chosen for a moment. */
export function useSettledStep(): number {
  const step = useStep();
  const [settled, setSettled] = useState(step);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(step), QUIET);
    return () => clearTimeout(timer);
  }, [step]);
  return settled;
}

export function useMoment(project: string, session: string) {
  const step = useStep();
  const settled = useSettledStep();
  const model = useModel();
  const queries = useQueryClient();
  // What is known already is shown at once, also while a key is held.
  const known = queries.getQueryData(stepAt(project, session, step).queryKey);
  const shown = known ? step : settled;
  const answer = useQuery({
    ...stepAt(project, session, shown),
    placeholderData: keepPreviousData,
  });
  const { open, steps } = model;
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const near of [settled + 1, settled - 1]) {
        if (near < 1 || near > steps) continue;
        void queries.prefetchQuery(stepAt(project, session, near));
      }
    }, AHEAD);
    return () => clearTimeout(timer);
  }, [project, session, settled, steps, queries]);
  const { refetch } = answer;
  const revision = open && settled === steps ? model.revision : "";
  useEffect(() => {
    // The last step of an open session may still grow.
    if (revision) void refetch();
  }, [revision, refetch]);
  return { ...answer, step, isLate: answer.data?.step.number !== step };
}
