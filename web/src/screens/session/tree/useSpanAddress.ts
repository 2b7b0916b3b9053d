/** A row that is no step stands in the address by its span's id, so that a link leads to it. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { rowsOfSpans, spanOfRow } from "@/api/session";
import { useModel } from "../model";

export function useSpanAddress(
  project: string,
  session: string,
  row: number,
  setRow: (row: number) => void,
): void {
  const model = useModel();
  const navigate = useNavigate();
  const { span } = useSearch({ strict: false }) as { span?: string };
  const isStep = (model.step[row] ?? 0) > 0;
  const ids = useQuery(spanOfRow(project, session, isStep ? -1 : row)).data;
  const written = useRef<string | undefined>(undefined);

  const asked = span !== undefined && span !== written.current ? [span] : [];
  const rows = useQuery(rowsOfSpans(project, session, asked)).data;
  useEffect(() => {
    if (span === undefined || span === written.current) return;
    const found = rows?.[span];
    if (found === undefined) return;
    written.current = span;
    setRow(found);
  }, [rows, span, setRow]);

  const wanted = isStep ? undefined : ids?.span;
  useEffect(() => {
    if (row < 0 || (!isStep && wanted === undefined)) return;
    // What the address asks for is not overwritten before it has been found.
    if (span !== undefined && span !== written.current) return;
    if (wanted === span) return;
    written.current = wanted;
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => ({ ...before, span: wanted }),
      replace: true,
      resetScroll: false,
    } as Parameters<typeof navigate>[0]);
  }, [wanted, span, row, isStep, navigate]);
}
