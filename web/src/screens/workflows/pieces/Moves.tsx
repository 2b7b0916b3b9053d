/** Every move, newest first: who did what, why, and what was known then. */
import type { Move } from "@/api/workflows";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import css from "../Workflows.module.css";
import { evidenceWords } from "../words/evidence";
import { actorWords, moveWords, runningWords } from "../words/moves";

export function Moves({ moves }: { moves: readonly Move[] }) {
  const columns: Column<Move>[] = [
    { id: "at", title: "When", cell: (move) => <Instant at={move.at} fineness="second" /> },
    {
      id: "what",
      title: "Who did what",
      isName: true,
      grows: true,
      cell: (move) => (
        <>
          <HostileText text={actorWords(move.by)} inline max={120} /> {moveWords(move)}
          <span className={css.line}>
            {move.reason ? (
              <HostileText text={`“${move.reason}”`} inline max={400} />
            ) : (
              "no reason was given"
            )}
          </span>
        </>
      ),
    },
    { id: "after", title: "Ran then", cell: (move) => runningWords(move) },
    {
      id: "evidence",
      title: "Known then",
      cell: (move) => <span className={css.muted}>{evidenceWords(move)}</span>,
    },
  ];
  return (
    <DataTable
      caption="Moves, newest first"
      columns={columns}
      rows={moves}
      rowKey={(move) => String(move.revision)}
      density="two-lines"
    />
  );
}
