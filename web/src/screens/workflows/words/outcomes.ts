/** Which figures belong to which version. Pure. */
import type { EnvironmentLine, ReleaseRow, VersionOutcomes } from "@/api/workflows";

/** `versions` name them as sessions do: as text. */
export function outcomesOf(
  versions: readonly VersionOutcomes[] | undefined,
  version: number,
): VersionOutcomes | undefined {
  return versions?.find((one) => one.version === String(version));
}

/** The version that most sessions get: production's stable one, else that of the first environment. */
export function leading(environments: readonly EnvironmentLine[]): number | null {
  const production = environments.find((one) => one.environment === "production");
  return (production ?? environments[0])?.stable ?? null;
}

/** The newest canary in which `to` ran beside `from`. */
export function canaryOf(
  releases: readonly ReleaseRow[] | undefined,
  from: number,
  to: number,
): ReleaseRow | undefined {
  return releases?.find((one) => one.stable.version === from && one.candidate.version === to);
}
