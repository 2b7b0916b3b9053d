/**
 * Which root rows name a parent that never arrived.
 *
 * The skeleton tells only that they have none; the spans themselves say what was sent. Asked for
 * only where the record counts such spans, and of the first roots: more is not looked at.
 */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { orphanRows, record } from "@/api/session";
import type { Model } from "../model";

const MOST = 40;

export function useOrphans(project: string, session: string, model: Model): ReadonlySet<number> {
  const known = useQuery(record(project, session)).data;
  const isMissing = (known?.missing_parents ?? 0) > 0;
  const roots = useMemo(() => {
    const found: number[] = [];
    if (!isMissing) return found;
    for (let row = 0; row < model.count && found.length < MOST; row++) {
      if ((model.parent[row] ?? -1) < 0) found.push(row);
    }
    return found;
  }, [model, isMissing]);
  const rows = useQuery(orphanRows(project, session, roots)).data;
  return useMemo(() => new Set(rows ?? []), [rows]);
}
