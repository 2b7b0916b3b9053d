/** Pages of the transcript: those that are looked at, by step. */
import { useQueries } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useMemo } from "react";
import {
  TRANSCRIPT_PAGE,
  type Transcript,
  type TranscriptEntry,
  transcriptPage,
} from "@/api/session";
import type { Model } from "../model/model";

/** The first step of the page that holds a step. */
export function pageOf(step: number): number {
  return Math.floor((step - 1) / TRANSCRIPT_PAGE) * TRANSCRIPT_PAGE + 1;
}

/** Entries by step of one page; worked out once for each answer. */
const grouped = new WeakMap<Transcript, Map<number, TranscriptEntry[]>>();

export function entriesByStep(page: Transcript): Map<number, TranscriptEntry[]> {
  let found = grouped.get(page);
  if (!found) {
    found = new Map();
    for (const entry of page.entries) {
      const there = found.get(entry.step);
      if (there) there.push(entry);
      else found.set(entry.step, [entry]);
    }
    grouped.set(page, found);
  }
  return found;
}

export interface Pages {
  /** undefined: not here yet; []: nothing is said of this step. */
  entries(step: number): readonly TranscriptEntry[] | undefined;
  readonly error: Error | null;
  retry(): void;
}

const NOTHING: readonly TranscriptEntry[] = [];

/**
 * `steps`: any of those that are in sight. A page that was read before the session had all of its
 * steps, or before they were done, is read again when `model` has grown.
 */
export function usePages(
  project: string,
  session: string,
  steps: readonly number[],
  model: Pick<Model, "steps" | "open" | "revision">,
): Pages {
  const firsts = useMemo(() => [...new Set(steps.filter((step) => step > 0).map(pageOf))], [steps]);
  const answers = useQueries({
    queries: firsts.map((first) => transcriptPage(project, session, first)),
  });
  const isOutgrown = (page: Transcript, first: number) =>
    page.total < Math.min(first + TRANSCRIPT_PAGE - 1, model.steps);
  const readAgain = useEffectEvent(() => {
    answers.forEach((answer, at) => {
      const first = firsts[at] ?? 1;
      // The last steps of an open session may still change, without one more.
      const isLast = model.open && first + 2 * TRANSCRIPT_PAGE > model.steps;
      if (!answer.data || answer.isFetching) return;
      if (isLast || isOutgrown(answer.data, first)) void answer.refetch();
    });
  });
  const { revision } = model;
  useEffect(() => {
    if (revision) readAgain();
  }, [revision]);
  const error = answers.find((answer) => answer.error)?.error ?? null;
  return {
    entries(step) {
      const at = firsts.indexOf(pageOf(step));
      const page = answers[at]?.data;
      if (!page || step > page.total) return undefined;
      return entriesByStep(page).get(step) ?? NOTHING;
    },
    error,
    retry() {
      for (const answer of answers) if (answer.error) void answer.refetch();
    },
  };
}
