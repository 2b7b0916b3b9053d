/**
 * How did it choose? The session's own decision tree: choices, attempts given up, what ran at once,
 * loops drawn once with their rounds, and what people decided.
 */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { type DecisionNode, decisions } from "@/api/tasks";
import { useKeys } from "@/app/keys/useKeys";
import { Empty, Failed, Loading } from "@/parts/States";
import { useRange, useSelector, useSession, useStep } from "../model";
import { Decision } from "./Decision";
import { DecisionRow, ROW } from "./DecisionRow";
import { rowOfStep, rowsOf } from "./rows";
import css from "./View.module.css";

export function View() {
  const { project = "", session = "" } = useParams({ strict: false });
  const { data, error, refetch } = useQuery(decisions(project, session));
  const changes = useSelector((state) => state.recordChanges);
  useEffect(() => {
    if (changes > 0) void refetch();
  }, [changes, refetch]);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Loading rows={10} rowHeight="compact" what="the decisions" />;
  if ((data.root.children ?? []).length === 0) {
    return <Empty title="Nothing was decided yet: the session has no steps." />;
  }
  return <Decisions root={data.root} project={project} session={session} />;
}

interface Props {
  root: DecisionNode;
  project: string;
  session: string;
}

function Decisions({ root, project, session }: Props) {
  const store = useSession();
  const step = useStep();
  const range = useRange();
  const navigate = useNavigate();
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => rowsOf(root, folded, range), [root, folded, range]);
  const current = rowOfStep(rows, step);
  const selected = rows[current];

  const around = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => around.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  useEffect(() => {
    if (current >= 0) list.scrollToIndex(current, { align: "auto" });
  }, [current, list]);

  const fold = (id: string, isFolded: boolean) =>
    setFolded((before) => {
      const next = new Set(before);
      if (isFolded) next.add(id);
      else next.delete(id);
      return next;
    });
  const toParent = () => {
    const parent = rows
      .slice(0, current)
      .findLast((row) => row.level === (selected?.level ?? 0) - 1);
    if (parent && parent.step > 0) store.select(parent.step);
    if (parent) fold(parent.id, true);
  };
  useKeys({
    fold: (event) => {
      event.preventDefault();
      if (selected?.isOpen) fold(selected.id, true);
      else toParent();
    },
    unfold: (event) => {
      event.preventDefault();
      if (selected?.hasChildren) fold(selected.id, false);
    },
    open: () =>
      void navigate({
        to: "/p/$project/sessions/$session/$view",
        params: { project, session, view: "replay" },
        search: { step },
      }),
  });

  return (
    <div className={css.split}>
      <div
        className={css.list}
        ref={around}
        tabIndex={0}
        role="tree"
        aria-label="Decisions"
        aria-activedescendant={selected ? `decision-${selected.id}` : undefined}
      >
        <div role="presentation" style={{ height: list.getTotalSize(), position: "relative" }}>
          {list.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <DecisionRow
                  key={row.id}
                  row={row}
                  top={item.start}
                  isSelected={item.index === current}
                  onSelect={() => row.step > 0 && store.select(row.step)}
                  onTurn={() => fold(row.id, row.isOpen)}
                />
              )
            );
          })}
        </div>
      </div>
      {selected && <Decision row={selected} project={project} session={session} step={step} />}
    </div>
  );
}
