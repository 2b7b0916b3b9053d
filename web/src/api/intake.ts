/** Whether data arrives, and what was turned away. */
import { queryOptions } from "@tanstack/react-query";
import { asked, client } from "./client";

export function intake(project: string) {
  return queryOptions({
    queryKey: [project, "intake"],
    queryFn: () => asked(client.GET("/api/v1/intake")),
    refetchInterval: 5_000,
    staleTime: 2_000,
  });
}
