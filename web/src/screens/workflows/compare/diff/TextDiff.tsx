/**
 * Two texts beside each other, or one below the other: what is equal is folded, what changed is
 * shown word by word. Struck and underlined, so that no color has to be told apart.
 */
import { useState } from "react";
import { counted, formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { Failed, Loading } from "@/parts/States";
import { type Fold, folded, type Piece, type Row, type Side } from "./rows";
import css from "./TextDiff.module.css";
import { useRows } from "./useRows";

/** Rows that one look takes in; the rest when asked for. */
const FIRST = 300;

interface Props {
  label: string;
  before: string;
  after: string;
  isColumn: boolean;
}

export function TextDiff({ label, before, after, isColumn }: Props) {
  const answer = useRows(before, after);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const [most, setMost] = useState(FIRST);
  if (answer.isError) return <Failed error={answer.error} what="The texts were not compared." />;
  if (!answer.data) return <Loading rows={4} rowHeight="compact" what="the two texts" />;
  const parts = folded(answer.data);
  return (
    <div className={css.around}>
      <table className={css.table} data-column={isColumn || undefined}>
        <caption className="visually-hidden">{label}</caption>
        <colgroup>
          <col className={css.numbers} />
          <col />
          {!isColumn && <col className={css.numbers} />}
          {!isColumn && <col />}
        </colgroup>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Line before</th>
            <th scope="col">Before</th>
            {!isColumn && <th scope="col">Line after</th>}
            {!isColumn && <th scope="col">After</th>}
          </tr>
        </thead>
        <tbody>
          {parts.slice(0, most).map((part, index) => {
            if (!("from" in part)) {
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name.
              return <Lines key={index} row={part} isColumn={isColumn} />;
            }
            if (!open.has(part.from)) {
              return (
                <Folded
                  key={`fold ${part.from}`}
                  fold={part}
                  isColumn={isColumn}
                  onOpen={() => setOpen(new Set(open).add(part.from))}
                />
              );
            }
            return part.rows.map((row) => (
              <Lines key={`line ${row.before?.line}`} row={row} isColumn={isColumn} />
            ));
          })}
        </tbody>
      </table>
      {parts.length > most && (
        <Button size="small" onPress={() => setMost(most + FIRST)}>
          Show more of {formatCount(parts.length)} lines
        </Button>
      )}
    </div>
  );
}

function Folded({ fold, isColumn, onOpen }: { fold: Fold; isColumn: boolean; onOpen: () => void }) {
  return (
    <tr className={css.fold}>
      <td colSpan={isColumn ? 2 : 4}>
        <button type="button" onClick={onOpen}>
          {counted(fold.rows.length, "equal line")}
        </button>
      </td>
    </tr>
  );
}

function Lines({ row, isColumn }: { row: Row; isColumn: boolean }) {
  if (!isColumn || row.kind === "same") {
    return (
      <tr>
        <Cells side={row.before} look={row.kind === "same" ? "same" : "before"} />
        {!isColumn && <Cells side={row.after} look={row.kind === "same" ? "same" : "after"} />}
      </tr>
    );
  }
  return (
    <>
      {row.before && (
        <tr>
          <Cells side={row.before} look="before" />
        </tr>
      )}
      {row.after && (
        <tr>
          <Cells side={row.after} look="after" />
        </tr>
      )}
    </>
  );
}

function Cells({ side, look }: { side: Side | null; look: "same" | "before" | "after" }) {
  if (!side) {
    return (
      <>
        <td className={css.number} />
        <td className={css.none} />
      </>
    );
  }
  return (
    <>
      <td className={css.number}>{side.line}</td>
      <td className={css.text} data-look={look}>
        {look !== "same" && (
          <span className={css.sign} aria-hidden>
            {look === "before" ? "−" : "+"}
          </span>
        )}
        {side.pieces.map((piece, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name, and never move.
          <PieceText key={at} piece={piece} look={look} />
        ))}
      </td>
    </>
  );
}

function PieceText({ piece, look }: { piece: Piece; look: "same" | "before" | "after" }) {
  const text = <HostileText text={piece.text} mono />;
  if (!piece.differs) return text;
  return look === "before" ? <del>{text}</del> : <ins>{text}</ins>;
}
