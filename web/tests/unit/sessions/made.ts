import type { SessionRow } from "../../../src/api/sessions";

/** A row with what a test is about; everything else is as quiet as can be. */
export function madeRow(about: Partial<SessionRow> = {}): SessionRow {
  return {
    session_id: "sess_1",
    status: "closed",
    task: null,
    asked: null,
    answered: null,
    error: null,
    interventions: [],
    human_interventions: { count: 0, by_kind: {}, pending: 0, waited_s: 0 },
    error_episodes: 0,
    recovered: 0,
    step_count: 0,
    data_findings: [],
    last_seen_at: "2026-04-12T10:00:00Z",
    ...about,
  } as SessionRow;
}
