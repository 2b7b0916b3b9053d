/** What a rollback of an environment would lead to, as the server plans it; null until it is told. */
import { useQuery } from "@tanstack/react-query";
import { type EnvironmentShown, movePlan } from "@/api/workflows";

export function useBack(project: string, of: EnvironmentShown): unknown {
  const { data } = useQuery(
    movePlan(project, of.workflow, of.environment, {
      kind: "rollback",
      memory: "keep",
      expected_revision: of.revision,
      reason: "",
    }),
  );
  return data?.plan.to ?? null;
}
