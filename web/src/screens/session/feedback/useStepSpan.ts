/** The span behind a step: what a judgement of one step is attached to. */
import { useQuery } from "@tanstack/react-query";
import { stepAt } from "@/api/session";

export function useStepSpan(
  project: string,
  session: string,
  step: number,
): { trace_id: string; span_id: string } | null {
  const { data } = useQuery(stepAt(project, session, step));
  return data ? { trace_id: data.step.trace_id, span_id: data.step.span_id } : null;
}
