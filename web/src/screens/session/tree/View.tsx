/**
 * The spans as they were sent: real parents, orphans, what each attribute was read as.
 *
 * For who looks after instrumentation. All rows are in the tree, whatever their number; only those
 * in sight are elements of the page.
 */
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "@/app/keys/useKeys";
import { counted, formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { SearchField } from "@/parts/SearchField";
import { FilteredEmpty } from "@/parts/States";
import { useModel, useSession, useStep } from "../model";
import { SpanPane } from "./SpanPane";
import { TreeGrid } from "./TreeGrid";
import { useOrphans } from "./useOrphans";
import { useSpanAddress } from "./useSpanAddress";
import css from "./View.module.css";
import { ancestorsOf, errorPaths, passing, siblingsOf, visibleRows } from "./visible";

export function View() {
  const { project = "", session = "" } = useParams({ strict: false });
  const model = useModel();
  const store = useSession();
  const navigate = useNavigate();
  const { filter = "" } = useSearch({ strict: false }) as { filter?: string };
  const typed = useDeferredValue(filter);
  const [closed, setClosed] = useState<ReadonlySet<number>>(new Set());
  const [row, setRow] = useSelectedRow();
  useSpanAddress(project, session, row, setRow);
  const orphans = useOrphans(project, session, model);
  const find = useRef<HTMLInputElement>(null);

  const siblings = useMemo(() => siblingsOf(model), [model]);
  const paths = useMemo(() => errorPaths(model), [model]);
  const passes = useMemo(() => passing(model, model, typed), [model, typed]);
  const visible = useMemo(
    () => visibleRows(model, { closed, passes, orphans }),
    [model, closed, passes, orphans],
  );
  const matches = useMemo(() => passes?.reduce((sum, one) => sum + one, 0) ?? 0, [passes]);

  // What is selected from outside (a step key, the strip) must be seen here.
  useEffect(() => {
    if (row < 0) return;
    const above = ancestorsOf(model, row);
    setClosed((now) => {
      if (!above.some((one) => now.has(one))) return now;
      const next = new Set(now);
      for (const one of above) next.delete(one);
      return next;
    });
  }, [row, model]);

  const write = (text: string) =>
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => ({ ...before, filter: text || undefined }),
      replace: true,
    } as Parameters<typeof navigate>[0]);
  const toReplay = () => {
    const step = model.stepAt[row] ?? 0;
    if (step === 0) return;
    void navigate({
      to: "/p/$project/sessions/$session/$view",
      params: { project, session, view: "replay" },
      search: { step },
    });
  };
  useKeys({
    filter: (event) => {
      event.preventDefault();
      find.current?.focus();
    },
    open: toReplay,
  });

  return (
    <div className={css.page}>
      <div className={css.main}>
        <div className={css.bar}>
          <div className={css.find}>
            <SearchField
              label="Spans by name, kind, agent or error"
              placeholder="Name, kind, agent, error"
              value={filter}
              onChange={write}
              inputRef={find}
            />
          </div>
          <span className={css.count} role="status">
            {passes ? `${formatCount(matches)} of ` : ""}
            {counted(model.count, "span")}
          </span>
          <span className={css.acts}>
            <Button look="quiet" size="small" onPress={() => setClosed(new Set())}>
              Open all
            </Button>
            <Button
              look="quiet"
              size="small"
              onPress={() => setClosed(closable(model.count, model.descendants, model.level))}
            >
              Close all
            </Button>
          </span>
        </div>
        {passes && matches === 0 ? (
          <FilteredEmpty
            title="No span matches."
            otherwise={`${counted(model.count, "span")} in all.`}
          >
            <Button onPress={() => write("")}>Show all</Button>
          </FilteredEmpty>
        ) : (
          <TreeGrid
            model={model}
            visible={visible}
            siblings={siblings}
            paths={paths}
            passes={passes}
            closed={closed}
            setClosed={setClosed}
            selected={row}
            select={(chosen) => {
              setRow(chosen);
              store.selectRow(chosen);
            }}
            open={toReplay}
          />
        )}
      </div>
      <SpanPane project={project} session={session} row={row} model={model} />
    </div>
  );
}

/** Every row with children, but the uppermost: what they hold is what one looks for next. */
function closable(count: number, descendants: Int32Array, level: Int32Array): Set<number> {
  const found = new Set<number>();
  for (let row = 0; row < count; row++) {
    if ((descendants[row] ?? 0) > 0 && (level[row] ?? 0) > 0) found.add(row);
  }
  return found;
}

/** The row of the selected step, or one that is part of it and was chosen here. */
function useSelectedRow(): [number, (row: number) => void] {
  const model = useModel();
  const step = useStep();
  const [chosen, setChosen] = useState(-1);
  const isOfStep = chosen >= 0 && chosen < model.count && (model.stepAt[chosen] ?? 0) === step;
  const isOutside = chosen >= 0 && chosen < model.count && (model.stepAt[chosen] ?? 0) === 0;
  const last = useRef(step);
  useEffect(() => {
    if (last.current !== step && !isOfStep) setChosen(-1);
    last.current = step;
  }, [step, isOfStep]);
  const row = isOfStep || isOutside ? chosen : (model.rowOfStep[step] ?? -1);
  return [row, setChosen];
}
