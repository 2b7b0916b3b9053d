/**
 * The session as a transcript: one row per step, only those in sight, each in its real height.
 *
 * The number of rows comes from the skeleton, so the scrollbar tells the truth from the start;
 * what is above the eye changes its height without moving what is read.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import type { TranscriptEntry } from "@/api/session";
import { Empty, Failed } from "@/parts/States";
import { useModel, useRange, useSelector, useSession } from "../model";
import { LineLength } from "./entries/Bounded";
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
    // What came before the selected step stays in sight.
    scrollPaddingStart: ABOVE,
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
  const pages = usePages(project, session, inSight, model);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
    <div ref={scroll} className={css.scroll} role="feed" aria-label="Transcript" tabIndex={0}>
      <Follow shown={shown} session={session} virtual={virtual} scroll={scroll} />
      {pages.error && (
        <Failed
          what="Part of the transcript could not be read."
          error={pages.error}
          retry={pages.retry}
        />
      )}
      <LineLength value={lineLength(virtual.scrollRect?.width ?? 600)}>
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
      </LineLength>
    </div>
  );
}

/** Of a text in a row; 7.2 px is about an average character. */
function lineLength(width: number): number {
  return Math.max(30, Math.floor((Math.min(width - 72, 860) - 26) / 7.2));
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
        spoken(entries).map((entry, at) => (
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

/** An agent that begins without a word and ends at the same step needs no line for both. */
function spoken(entries: readonly TranscriptEntry[]): readonly TranscriptEntry[] {
  if (!entries.some((entry) => entry.kind === "agent_ends")) return entries;
  return entries.filter((entry) => entry.kind !== "agent_begins" || entry.text !== null);
}

function Waiting({ step }: { step: number }) {
  return (
    <div className={css.waiting} aria-busy="true">
      <span style={{ width: `${38 + ((step * 37) % 40)}%` }} />
      <span style={{ width: `${20 + ((step * 53) % 45)}%` }} />
    </div>
  );
}

interface FollowProps {
  shown: Int32Array;
  session: string;
  virtual: ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;
  scroll: React.RefObject<HTMLDivElement | null>;
}

const ABOVE = 72; // px of what came before that stay in sight
const BELOW = 24;

/**
 * Keeps the selected step in sight, and opens the sub-agent that it is in. A component of its
 * own, so that a step key renders no row but the two that change.
 */
function Follow({ shown, session, virtual, scroll }: FollowProps) {
  const store = useSession();
  const step = useSelector((state) => state.step);
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
    if (done.current === 0) {
      // The list gets its place on the page after this effect, so not before the next frame.
      const frame = requestAnimationFrame(() => {
        done.current = step;
        virtual.scrollToIndex(at, { align: "start" });
      });
      return () => cancelAnimationFrame(frame);
    }
    done.current = step;
    const item = virtual.getVirtualItems().find((one) => one.index === at);
    if (!item) {
      virtual.scrollToIndex(at, { align: "start" });
      return;
    }
    // Asked of the list and not of the page, which would have to lay itself out for the answer.
    const top = virtual.scrollOffset ?? 0;
    const height = virtual.scrollRect?.height ?? 0;
    const isAbove = item.start < top + ABOVE && item.start > 0;
    const isBelow = item.end > top + height - BELOW;
    const room = height - ABOVE - BELOW;
    if (isAbove || (isBelow && item.size > room)) {
      scroll.current?.scrollTo({ top: Math.max(0, item.start - ABOVE) });
    } else if (isBelow) scroll.current?.scrollTo({ top: item.end - height + BELOW });
  }, [shown, step, virtual, scroll]);
  return null;
}
