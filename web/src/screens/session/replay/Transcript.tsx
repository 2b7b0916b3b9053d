/**
 * The session as a transcript: one row per step, only those in sight, each in its real height.
 *
 * The number of rows comes from the skeleton, so the scrollbar tells the truth from the start;
 * what is above the eye changes its height without moving what is read.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { TranscriptEntry } from "@/api/session";
import { Empty, Failed } from "@/parts/States";
import { useModel, useRange, useSelector, useSession } from "../model";
import { Entry } from "./entries/Entry";
import { isUnfolded, unfold, useFoldVersion } from "./folds";
import { estimateHeight } from "./heights";
import { usePages } from "./pages";
import { usePlace } from "./place";
import { StepRow } from "./StepRow";
import css from "./Transcript.module.css";
import { indexOfStep, isSubAgent, stepsAround, visibleSteps } from "./visible";

export function Transcript() {
  const { project, session } = usePlace();
  const model = useModel();
  const range = useRange();
  const folds = useFoldVersion();
  const shown = useMemo(() => {
    // Which sub-agents are open may change with any fold.
    void folds;
    return visibleSteps(model, (step) => isUnfolded(session, "agent", step), range);
  }, [model, session, range, folds]);
  if (model.steps === 0) {
    return (
      <div className={css.scroll}>
        <Empty title="This session has no steps.">
          What arrived of it stands under Tree and Raw.
        </Empty>
      </div>
    );
  }
  return <Rows project={project} session={session} shown={shown} />;
}

interface RowsProps {
  project: string;
  session: string;
  shown: Int32Array;
}

function Rows({ project, session, shown }: RowsProps) {
  const model = useModel();
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroll.current,
    estimateSize: useCallback(
      (at: number) => estimateHeight(model, shown[at] ?? 0),
      [model, shown],
    ),
    getItemKey: useCallback((at: number) => shown[at] ?? at, [shown]),
    overscan: 4,
    paddingStart: 8,
    paddingEnd: 240,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  const inSight = useMemo(() => {
    // A little ahead, so that reading on finds its page there.
    const found: number[] = [];
    for (let at = Math.max(0, first - 5); at <= Math.min(shown.length - 1, last + 12); at++) {
      found.push(shown[at] ?? 0);
    }
    return found;
  }, [shown, first, last]);
  const pages = usePages(project, session, inSight);
  useFollowStep({ shown, session, virtual, scroll });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
    <div ref={scroll} className={css.scroll} role="feed" aria-label="Transcript" tabIndex={0}>
      {pages.error && (
        <Failed
          what="Part of the transcript could not be read."
          error={pages.error}
          retry={pages.retry}
        />
      )}
      <div className={css.rows} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const step = shown[item.index] ?? 0;
          return (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className={css.row}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Step
                step={step}
                entries={pages.entries(step)}
                isClosed={closesHere(model, session, step)}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function closesHere(model: ReturnType<typeof useModel>, session: string, step: number): boolean {
  return isSubAgent(model, step) && !isUnfolded(session, "agent", step);
}

interface StepProps {
  step: number;
  entries: readonly TranscriptEntry[] | undefined;
  isClosed: boolean;
}

const Step = memo(function Step({ step, entries, isClosed }: StepProps) {
  return (
    <StepRow step={step} isEmpty={entries?.length === 0}>
      {entries === undefined ? (
        <Waiting step={step} />
      ) : (
        entries.map((entry, at) => (
          <Entry
            // biome-ignore lint/suspicious/noArrayIndexKey: the entries of a step never move.
            key={`${entry.kind} ${at}`}
            entry={entry}
            which={at}
            isClosed={isClosed}
          />
        ))
      )}
    </StepRow>
  );
});

function Waiting({ step }: { step: number }) {
  return (
    <div className={css.waiting} aria-busy="true">
      <span style={{ width: `${38 + ((step * 37) % 40)}%` }} />
      <span style={{ width: `${20 + ((step * 53) % 45)}%` }} />
    </div>
  );
}

interface Follow {
  shown: Int32Array;
  session: string;
  virtual: ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;
  scroll: React.RefObject<HTMLDivElement | null>;
}

/** Keeps the selected step in sight; opens the sub-agent that it is in; notes reading by hand. */
function useFollowStep({ shown, session, virtual, scroll }: Follow): void {
  const store = useSession();
  const step = useSelector((state) => state.step);
  const [isFirst, setFirst] = useState(true);
  const done = useRef(0);

  useEffect(() => {
    const { model } = store.state;
    if (!model || step === 0) return;
    for (const around of stepsAround(model, step)) {
      if (isSubAgent(model, around)) unfold(session, "agent", around, true);
    }
  }, [store, session, step]);

  useLayoutEffect(() => {
    const at = indexOfStep(shown, step);
    if (shown[at] !== step || done.current === step) return;
    done.current = step;
    const item = virtual.getVirtualItems().find((one) => one.index === at);
    const top = scroll.current?.scrollTop ?? 0;
    const height = scroll.current?.clientHeight ?? 0;
    const isInSight = item && item.start >= top + 8 && item.end <= top + height - 8;
    if (isInSight && !isFirst) return;
    const isBig = item ? item.size > height * 0.7 : false;
    virtual.scrollToIndex(at, { align: isFirst || isBig || !item ? "start" : "auto" });
    setFirst(false);
  }, [shown, step, virtual, scroll, isFirst]);
}
