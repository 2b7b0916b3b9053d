/**
 * Tells the store what only the outline knows: where turns begin, and handoffs that are no step.
 */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { type OutlineEntry, outline } from "@/api/session";
import { useSelector, useSession } from "./model";

export function useStory(project: string, session: string): void {
  const store = useSession();
  const isComplete = useSelector((state) => state.model?.complete ?? false);
  // The strip comes first: the outline of a big session is worked out for a while.
  const isOpen = useSelector((state) => state.model?.open ?? false);
  const { data } = useQuery({
    ...outline(project, session),
    enabled: isComplete,
    // Of a session that grows; turns are slower than steps.
    refetchInterval: isOpen ? 4000 : false,
  });
  useEffect(() => {
    if (!data || !isComplete) return;
    store.hearOutline(stepsOf(data.entries, "turn"), stepsOf(data.entries, "handoff"));
  }, [store, data, isComplete]);
}

function stepsOf(entries: readonly OutlineEntry[], kind: OutlineEntry["kind"]): number[] {
  return entries.flatMap((entry) => [
    ...(entry.kind === kind ? [entry.from_step] : []),
    ...stepsOf(entry.children, kind),
  ]);
}
