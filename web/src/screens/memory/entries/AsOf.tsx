/** Says that what is listed is not memory of now. */
import { useQuery } from "@tanstack/react-query";
import { checkpoints } from "@/api/workflows";
import { Button } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import type { MemorySearch } from "../address";
import page from "../pieces/Memory.module.css";
import type { Change } from "./Entries";

interface Props {
  project: string;
  search: MemorySearch;
  change: Change;
}

export function AsOf({ project, search, change }: Props) {
  const told = useQuery(checkpoints(project)).data?.checkpoints;
  if (!search.at) return null;
  const one = told?.find((some) => some.checkpoint_id === search.at || some.name === search.at);
  return (
    <p className={page.notice} role="note">
      <span>
        Memory as it was at <HostileText text={one?.name ?? search.at} inline max={120} />
        {one && (
          <>
            , <Instant at={one.at} />
          </>
        )}
        . The counts of the namespaces are of now.
      </span>
      <Button size="small" onPress={() => change({ at: undefined })}>
        Show it as it is now
      </Button>
    </p>
  );
}
