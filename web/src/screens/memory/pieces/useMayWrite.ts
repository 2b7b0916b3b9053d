/** Whether the viewer may make checkpoints and reverts: to everybody else they are shown only. */
import { useQuery } from "@tanstack/react-query";
import { standing } from "@/api/settings";

/** False also while it is asked for: nothing may be pressed that would be refused. */
export function useMayWrite(project: string): boolean {
  const { data } = useQuery(standing(project));
  return data?.scopes.includes("write") ?? false;
}
