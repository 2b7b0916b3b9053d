/** What a few typed letters could mean: task types, workflows, and sessions by id or by words. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { asked, client } from "./client";
import { workflowNames } from "./workflows";

export function found(project: string, typed: string) {
  return queryOptions({
    queryKey: [project, "palette", typed],
    enabled: typed.length > 1,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const isId = /^[\w.:-]+$/.test(typed);
      const [tasks, workflows, sessions, byId] = await Promise.all([
        asked(client.GET("/api/v1/tasks", { signal })),
        workflowNames(typed, signal),
        asked(
          client.GET("/api/v1/sessions", {
            params: {
              query: { q: `"${typed.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`, limit: 6 },
            },
            signal,
          }),
        ),
        isId
          ? asked(
              client.GET("/api/v1/sessions", {
                params: { query: { session: [typed], limit: 3 } },
                signal,
              }),
            )
          : null,
      ]);
      const rows = [...(byId?.sessions ?? []), ...sessions.sessions];
      const known = new Map(rows.map((row) => [row.session_id, row]));
      const words = typed.toLowerCase();
      return {
        tasks: tasks.tasks
          .flatMap(({ task_type: name }) => (name?.toLowerCase().includes(words) ? [name] : []))
          .slice(0, 6),
        workflows,
        sessions: [...known.values()].map((row) => ({
          id: row.session_id,
          task: row.task ?? "session",
        })),
      };
    },
  });
}
