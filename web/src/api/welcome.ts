/** The example and the key that a first visit needs. */
import { queryOptions } from "@tanstack/react-query";
import { asked, client } from "./client";

export function demo(project: string, isWatched: boolean) {
  return queryOptions({
    queryKey: [project, "demo"],
    queryFn: () => asked(client.GET("/api/v1/demo")),
    refetchInterval: (query) =>
      isWatched || query.state.data?.state === "running" ? 1_000 : false,
    retry: false,
  });
}

export function runDemo() {
  return asked(client.POST("/api/v1/demo"));
}

export function deleteDemo() {
  return asked(client.DELETE("/api/v1/demo"));
}

/** A key that may only send. Its secret is shown this once. */
export function makeSendingKey() {
  return asked(
    client.POST("/api/v1/keys", { body: { name: "made on the welcome page", scopes: ["ingest"] } }),
  );
}
