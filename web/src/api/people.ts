/** Who is looking, and which projects they reach. */
import { queryOptions } from "@tanstack/react-query";
import { asked, client } from "./client";

export const me = queryOptions({
  queryKey: ["me"],
  queryFn: () => asked(client.GET("/api/v1/me")),
  staleTime: 60_000,
});

export const projects = queryOptions({
  queryKey: ["projects"],
  queryFn: () => asked(client.GET("/api/v1/projects")),
  staleTime: 60_000,
});
