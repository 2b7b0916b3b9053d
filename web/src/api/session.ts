/** Everything that is asked of one session; its skeleton is read by screens/session/model. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
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

export type SessionCostTable = components["schemas"]["SessionCostTable"];
export type SessionPeople = components["schemas"]["SessionPeople"];
export type SpanShown = components["schemas"]["SpanShown"];

/** What it cost, cut in several ways that each add up. */
export function costTable(project: string, session: string) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "cost"],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/sessions/{session_id}/cost", {
          params: { path: { session_id: session } },
          signal,
        }),
      ),
  });
}

/** What people did in it. */
export function peopleActs(project: string, session: string) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "people"],
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/sessions/{session_id}/people", {
          params: { path: { session_id: session } },
          signal,
        }),
      ),
  });
}

/** The ids of the span of one row of the skeleton, which comes without them. */
export function spanOfRow(project: string, session: string, row: number) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "row", row],
    staleTime: Number.POSITIVE_INFINITY,
    enabled: row >= 0,
    queryFn: async ({ signal }) => {
      const page = await asked(
        client.GET("/api/v1/sessions/{session_id}/skeleton", {
          params: { path: { session_id: session }, query: { from: row, limit: 1, ids: true } },
          signal,
        }),
      );
      const span = page.span?.[0];
      const trace = page.traces[page.trace[0] ?? -1];
      if (span === undefined || trace === undefined) {
        throw new Refused(404, "not_found", "This span is no longer there.", "");
      }
      return { trace, span };
    },
  });
}

const ROWS_WITH_IDS = 10_000;

/** Rows of the skeleton by the ids of their spans, as far as they are found among `wanted`. */
export function rowsOfSpans(project: string, session: string, wanted: readonly string[]) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "rows", wanted],
    staleTime: 60_000,
    enabled: wanted.length > 0,
    queryFn: async ({ signal }) => {
      const missing = new Set(wanted);
      const found: Record<string, number> = {};
      for (let from = 0; missing.size > 0; from += ROWS_WITH_IDS) {
        const page = await asked(
          client.GET("/api/v1/sessions/{session_id}/skeleton", {
            params: { path: { session_id: session }, query: { from, limit: ROWS_WITH_IDS } },
            signal,
          }),
        );
        page.span?.forEach((id, at) => {
          if (missing.delete(id)) found[id] = from + at;
        });
        if (from + ROWS_WITH_IDS >= page.total) break;
      }
      return found;
    },
  });
}

/** One span: as sent, as read, and which attribute gave which field. */
export function spanShown(project: string, trace: string, span: string) {
  return queryOptions({
    queryKey: [project, "span", trace, span],
    staleTime: 60_000,
    enabled: trace !== "" && span !== "",
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/spans/{trace_id}/{span_id}", {
          params: { path: { trace_id: trace, span_id: span } },
          signal,
        }),
      ),
  });
}

export type OutcomeWord = Exclude<SessionRecord["outcome"]["label"], "unknown">;

export interface Feedback {
  readonly thumb: "up" | "down" | null;
  /** 1 to 5. */
  readonly rating: number | null;
  readonly comment: string;
  readonly outcome: OutcomeWord | null;
  /** A span, or null for the whole session. */
  readonly target: { readonly trace_id: string; readonly span_id: string } | null;
}

/**
 * Stores what the viewer says; the record as it is afterwards. A comment belongs to the outcome
 * where one is given, else to the rating, else to the thumb, so that it is stored once.
 */
export async function judge(session: string, said: Feedback): Promise<SessionRecord> {
  const path = { path: { session_id: session } };
  const target = said.target ?? {};
  const comment = said.comment.trim();
  const outcome = said.target ? null : said.outcome;
  let changed: SessionRecord | undefined;
  if (said.thumb) {
    const told = outcome || said.rating !== null ? "" : comment;
    const body = {
      name: "thumbs",
      value: said.thumb === "up" ? 1 : 0,
      label: said.thumb,
      comment: told,
      ...target,
    };
    changed = await asked(
      client.POST("/api/v1/sessions/{session_id}/feedback", { params: path, body: filled(body) }),
    );
  }
  if (said.rating !== null || (comment && !outcome && !said.thumb)) {
    const body = {
      name: said.rating === null ? "comment" : "rating",
      value: said.rating,
      comment: outcome ? "" : comment,
      ...target,
    };
    changed = await asked(
      client.POST("/api/v1/sessions/{session_id}/feedback", { params: path, body: filled(body) }),
    );
  }
  if (outcome) {
    const body = { label: outcome, reason: comment, by: "", judge: "human" as const };
    changed = await asked(
      client.POST("/api/v1/sessions/{session_id}/outcome", { params: path, body }),
    );
  }
  if (!changed) throw new Error("Nothing was said.");
  return changed;
}

type FeedbackForm = components["schemas"]["FeedbackForm"];

function filled(body: Partial<FeedbackForm>): FeedbackForm {
  return {
    name: "feedback",
    label: "",
    comment: "",
    trace_id: "",
    span_id: "",
    by: "",
    judge: "human",
    ...body,
  };
}

/** Those of the rows whose span names a parent, though the session has none for it. */
export function orphanRows(project: string, session: string, rows: readonly number[]) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "orphans", rows],
    staleTime: 60_000,
    enabled: rows.length > 0,
    queryFn: async ({ client: queries }) => {
      const found = await Promise.all(
        rows.map(async (row) => {
          const { trace, span } = await queries.fetchQuery(spanOfRow(project, session, row));
          const shown = await queries.fetchQuery(spanShown(project, trace, span));
          return shown.raw.parent_span_id ? row : -1;
        }),
      );
      return found.filter((row) => row >= 0);
    },
  });
}

/** What other sessions of the task did at this step. */
export function others(project: string, session: string, number: number) {
  return queryOptions({
    queryKey: [...sessionKey(project, session), "others", number],
    staleTime: 60_000,
    enabled: number > 0,
    retry: false,
    queryFn: ({ signal }) =>
      asked(
        client.GET("/api/v1/sessions/{session_id}/steps/{number}/others", {
          params: { path: { session_id: session, number } },
          signal,
        }),
      ),
  });
}

/** Steps that hold a text; goes on where the server stopped looking. */
export function found(project: string, session: string, text: string) {
  return infiniteQueryOptions({
    queryKey: [...sessionKey(project, session), "find", text],
    enabled: text.length > 1,
    staleTime: 60_000,
    initialPageParam: 1,
    queryFn: ({ signal, pageParam }) =>
      asked(
        client.GET("/api/v1/sessions/{session_id}/find", {
          params: { path: { session_id: session }, query: { text, from: pageParam } },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_from ?? undefined,
  });
}
