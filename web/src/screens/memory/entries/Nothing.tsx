/** No entry: because none was ever written, or because the filter hides them. */
import { counted } from "@/format";
import { Button } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { Empty, FilteredEmpty } from "@/parts/States";
import type { MemorySearch } from "../address";
import type { Change } from "./Entries";
import { partsOf } from "./parts";

const PYTHON = `notes = qd.memory("customer-notes", scope="user:u-7")

with qd.session("answer ticket 4211", user="u-7"):
    notes.put("plan", "prefers refunds over vouchers")`;
const COMMAND = `quarterdeck memory put customer-notes plan "prefers refunds over vouchers"`;

export function NothingYet() {
  return (
    <Empty title="Nothing is remembered yet.">
      <p>
        What agents keep across sessions stands here, each entry with the session that wrote it and
        the sessions that read it. So what one session learned wrongly is found and taken back.
      </p>
      <CodeBlock text={PYTHON} label="code" title="In your agent" />
      <CodeBlock text={COMMAND} label="command" title="Or by hand" />
    </Empty>
  );
}

interface Props {
  search: MemorySearch;
  change: Change;
  total: number;
}

export function NothingFound({ search, change, total }: Props) {
  const parts = partsOf(search);
  return (
    <FilteredEmpty
      title="No entry matches."
      otherwise={`${counted(total, "entry", "entries")} in all.`}
    >
      {parts.map((part) => (
        <Button key={part.name} size="small" onPress={() => change(part.without)}>
          Remove {part.text}
        </Button>
      ))}
      {parts.length > 1 && (
        <Button
          size="small"
          onPress={() => change(Object.assign({}, ...parts.map((part) => part.without)))}
        >
          Show all
        </Button>
      )}
    </FilteredEmpty>
  );
}
