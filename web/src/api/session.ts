/** Everything that is asked of one session; its skeleton is read by screens/session/model. */
import { queryOptions } from "@tanstack/react-query";
import { asked, client, Refused } from "./client";
import type { components } from "./schema";

export type SessionRecord = components["schemas"]["SessionRecord"];
export type StepAnswer = components["schemas"]["StepAnswer"];
export type Transcript = components["schemas"]["Transcript"];
export type TranscriptEntry = components["schemas"]["TranscriptEntry"];
export type Outline = components["schemas"]["Outline"];
export type OutlineEntry = components["schemas"]["OutlineEntry"];
export type BoundedText = components["schemas"]["BoundedText"];

/** All keys of a session begin with these, so that its deletion or growth reaches each. */
export function sessionKey(project: string, session: string) {
  return [project, "session", session] as const;
}

export function record(project: string, session: string) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "record"],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/sessions/{session_id}", {
          params: { path: { session_id: session } },
          signal,
        }),
      ),
  });
}

export function outline(project: string, session: string) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "outline"],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/sessions/{session_id}/outline", {
          params: { path: { session_id: session } },
          signal,
        }),
      ),
  });
}

export const TRANSCRIPT_PAGE = 50;

/** Pages of steps, from the one that holds `from` on, both ways. */
export function transcriptPage(project: string, session: string, from: number) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "transcript", from],
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/sessions/{session_id}/transcript", {
          params: { path: { session_id: session }, query: { from, limit: TRANSCRIPT_PAGE } },
          signal,
        }),
      ),
  });
}

/** One step as the agent stood there. */
export function stepAt(project: string, session: string, number: number) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "step", number],
    staleTime: 60_000,
    enabled: number > 0,
    queryFn: async ({ signal }) => {
      const answer = await asked(
        client.GET("/api/v1/sessions/{session_id}/steps/{number}", {
          params: { path: { session_id: session, number } },
          signal,
        }),
      );
      if (!("step" in answer)) throw new Refused(200, "unreadable", "This is no step.", "");
      return answer;
    },
  });
}

/** A text of a step, whole. */
export function stepPart(project: string, session: string, number: number, part: string) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "step", number, "part", part],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const answer = await asked(
        client.GET("/api/v1/sessions/{session_id}/steps/{number}", {
          params: { path: { session_id: session, number }, query: { part, full: true } },
          signal,
        }),
      );
      if (!("text" in answer)) throw new Refused(200, "unreadable", "This is no text.", "");
      return answer.text;
    },
  });
}
