/** Which writes a revert was about, as the words after "took back". */
import type { ReactNode } from "react";
import type { Selection } from "@/api/memory";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { SessionId } from "@/parts/SessionId";
import { Version } from "@/parts/Version";
import { environmentWords } from "../words/places";

export function Chosen({ project, of }: { project: string; of: Selection }) {
  const { session_id, workflow, version, user, since, until, checkpoint } = of;
  const isBackTo = checkpoint && !session_id && !workflow && !user && !since && !until;
  const parts: [string, ReactNode][] = [];
  if (session_id)
    parts.push([
      "session",
      <span key="session">
        what session <SessionId id={session_id} project={project} /> wrote
      </span>,
    ]);
  if (workflow)
    parts.push([
      "version",
      <Version
        key="version"
        project={project}
        workflow={workflow}
        version={version === null ? null : String(version)}
      />,
    ]);
  if (user)
    parts.push([
      "user",
      <span key="user">
        user <HostileText text={user} inline max={80} />
      </span>,
    ]);
  if (since)
    parts.push([
      "since",
      <span key="since">
        since <Instant at={since} />
      </span>,
    ]);
  if (until)
    parts.push([
      "until",
      <span key="until">
        until <Instant at={until} />
      </span>,
    ]);
  if (checkpoint)
    parts.push([
      "checkpoint",
      <span key="checkpoint">
        {isBackTo ? "all since checkpoint " : "after checkpoint "}
        <HostileText text={checkpoint} inline max={80} />
      </span>,
    ]);
  if (of.environment !== null)
    parts.push([
      "environment",
      <span key="environment">
        in <HostileText text={environmentWords(of.environment)} inline max={80} />
      </span>,
    ]);
  if (of.namespace)
    parts.push([
      "namespace",
      <span key="namespace">
        in <HostileText text={of.namespace} inline max={80} />
      </span>,
    ]);
  return parts.map(([name, part], at) => (
    <span key={name}>
      {at > 0 && ", "}
      {part}
    </span>
  ));
}
