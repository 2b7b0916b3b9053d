/** Where a version runs, in words. Pure. */
import type { EnvironmentRow } from "@/api/workflows";

/** `production`, `canary in production`; none where it does not run. */
export function runsAs(
  environments: readonly Pick<EnvironmentRow, "environment" | "stable" | "candidate">[],
  version: number,
): string[] {
  return environments.flatMap(({ environment, stable, candidate }) => {
    if (candidate?.version === version) return [`canary in ${environment}`];
    return stable.version === version ? [environment] : [];
  });
}
