/** What was read from memory and written to it, up to this step. */
import type { StepAnswer } from "@/api/session";
import { formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { StepLink } from "../entries/StepLink";
import css from "./Moment.module.css";

type MemoryAnswer = StepAnswer["memory"];

export function Memory({ memory }: { memory: MemoryAnswer }) {
  if (memory.read_count === 0 && memory.written_count === 0) return null;
  return (
    <section className={css.part}>
      <h3>Memory</h3>
      <Uses word="read" uses={memory.read} count={memory.read_count} />
      <Uses word="wrote" uses={memory.written} count={memory.written_count} />
    </section>
  );
}

interface UsesProps {
  word: string;
  uses: MemoryAnswer["read"];
  count: number;
}

function Uses({ word, uses, count }: UsesProps) {
  if (count === 0) return null;
  return (
    <ul className={css.uses}>
      {uses.slice(0, 5).map((use) => (
        <li key={`${use.step} ${use.name}`}>
          {word} <HostileText text={use.name} inline max={80} /> at <StepLink step={use.step} />
        </li>
      ))}
      {count > 5 && <li className={css.muted}>{formatCount(count - 5)} earlier</li>}
    </ul>
  );
}
