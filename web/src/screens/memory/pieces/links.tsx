/** Links to an entry, to memory as it was, and to the plan of a revert. */
import { Link } from "@tanstack/react-router";
import type { Address } from "@/api/memory";
import { given } from "@/app/address";
import { HostileText } from "@/parts/HostileText";

export function ToEntry({
  project,
  of: { environment, namespace, scope, key },
}: {
  project: string;
  of: Address;
}) {
  return (
    <Link
      to="/p/$project/memory/entry"
      params={{ project }}
      search={given({
        environment: environment || undefined,
        namespace,
        scope: scope || undefined,
        key,
      })}
    >
      <HostileText text={key} inline mono max={200} />
    </Link>
  );
}

export function ToMemory({ project }: { project: string }) {
  return (
    <Link to="/p/$project/memory" params={{ project }}>
      Memory
    </Link>
  );
}
