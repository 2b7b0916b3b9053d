/**
 * A text of a trace in the room that it deserves: the first lines, and all of it when unfolded.
 *
 * What the server cut out of a very long text is asked for only when wanted.
 */
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useState } from "react";
import { type BoundedText, stepPart } from "@/api/session";
import { formatBytes, formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { type Sort, unfold, useUnfolded } from "../folds";
import { usePlace } from "../place";
import css from "./Entries.module.css";
import { beginning } from "./lines";

/** Characters that about fill a line where a text stands. */
export const LineLength = createContext(90);

interface BoundedProps {
  text: BoundedText;
  step: number;
  sort: Sort;
  /** Which of its sort, within the step. */
  which: string | number;
  lines?: number;
  mono?: boolean;
}

export function Bounded({ text, step, sort, which, lines = 8, mono = false }: BoundedProps) {
  const { session } = usePlace();
  const key = `${step}.${which}`;
  const isOpen = useUnfolded(session, sort, key);
  const length = useContext(LineLength);
  // Fixed characters are wider than the average one of Inter.
  const begin = beginning(
    text.text,
    lines,
    mono ? Math.floor(length * 0.85) : Math.min(length, 88),
  );
  const isLong = begin.left > 0 || text.left_out > 0;
  return (
    <div className={mono ? css.mono : css.prose} data-sort={sort}>
      <HostileText text={isOpen || !isLong ? text.text : begin.text} mono={mono} />
      {isOpen && text.left_out > 0 && <Between text={text} step={step} mono={mono} />}
      {isLong && (
        <button
          type="button"
          className={css.fold}
          aria-expanded={isOpen}
          onClick={() => unfold(session, sort, key, !isOpen)}
        >
          {isOpen ? "Fold" : moreText(begin.left, text)}
        </button>
      )}
    </div>
  );
}

function moreText(lines: number, text: BoundedText): string {
  if (text.left_out > 0) return `… ${formatBytes(text.bytes)} in all`;
  return lines === 1 ? "… 1 line more" : `… ${formatCount(lines)} lines more`;
}

/** What the server left out, or the end alone until somebody wants the rest. */
function Between({ text, step, mono }: { text: BoundedText; step: number; mono: boolean }) {
  const { project, session } = usePlace();
  const [isWanted, setWanted] = useState(false);
  const whole = useQuery({
    ...stepPart(project, session, step, text.part ?? ""),
    enabled: isWanted && text.part !== null,
  });
  if (whole.data) return <HostileText text={whole.data.text.slice(text.text.length)} mono={mono} />;
  return (
    <>
      <p className={css.gap}>
        {formatBytes(text.left_out)} between
        {text.part !== null && (
          <>
            {" · "}
            <button type="button" className={css.fold} onClick={() => setWanted(true)}>
              {whole.isFetching
                ? "reading…"
                : whole.error
                  ? "could not be read: try again"
                  : "show"}
            </button>
          </>
        )}
      </p>
      {text.tail && <HostileText text={text.tail} mono={mono} />}
    </>
  );
}
