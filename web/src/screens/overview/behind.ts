/** The list that shows exactly the sessions behind a figure. */
import type { LinkProps } from "@tanstack/react-router";
import type { Behind } from "@/api/overview";

export function sessionsBehind(behind: Behind, project: string): LinkProps {
  return {
    to: "/p/$project/sessions",
    params: { project },
    search: {
      ...(behind.q ? { q: behind.q } : {}),
      ...(behind.since ? { since: behind.since } : {}),
      ...(behind.until ? { until: behind.until } : {}),
    },
  } as LinkProps;
}
