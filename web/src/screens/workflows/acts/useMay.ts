/** Whether the viewer may move what runs: to everybody else the acts are shown, not offered. */
import { useQuery } from "@tanstack/react-query";
import { standing } from "@/api/settings";

/** False also while it is asked for: nothing may be pressed that would be refused. */
export function useMayMove(project: string): boolean {
  const { data } = useQuery(standing(project));
  return data?.scopes.includes("write") ?? false;
}
