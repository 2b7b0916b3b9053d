/** What is typed into a judgement and not sent yet, kept per session while the app is open. */
import type { OutcomeWord } from "@/api/session";

export type About = "session" | "step";

export interface Draft {
  readonly about: About;
  readonly thumb: "up" | "down" | null;
  /** 1 to 5. */
  readonly rating: number | null;
  readonly comment: string;
  /** null: as it is. */
  readonly outcome: OutcomeWord | null;
}

export const emptyDraft: Draft = {
  about: "session",
  thumb: null,
  rating: null,
  comment: "",
  outcome: null,
};

const drafts = new Map<string, Draft>();

export function draftOf(session: string): Draft | undefined {
  return drafts.get(session);
}

export function keepDraft(session: string, draft: Draft | null): void {
  if (draft) drafts.set(session, draft);
  else drafts.delete(session);
}

/** Whether there is anything to store. */
export function isSaid(draft: Draft): boolean {
  const changesOutcome = draft.about === "session" && draft.outcome !== null;
  return (
    draft.thumb !== null || draft.rating !== null || draft.comment.trim() !== "" || changesOutcome
  );
}
