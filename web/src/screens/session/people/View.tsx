/**
 * What people did in a session: who, when, what they were asked, what they changed, what came next.
 *
 * Every word here was written by somebody; all of it goes through HostileText.
 */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Hand } from "lucide-react";
import { useState } from "react";
import { peopleActs, type SessionPeople } from "@/api/session";
import { useZone } from "@/app/time";
import { counted, formatCount, formatDuration, zoneName } from "@/format";
import { Button } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { Empty, Failed, Loading } from "@/parts/States";
import { ActRow } from "./ActRow";
import css from "./View.module.css";

const FIRST = 50;

export function View() {
  const { project = "", session = "" } = useParams({ strict: false });
  const asked = useQuery(peopleActs(project, session));
  if (asked.isError) return <Failed error={asked.error} retry={() => void asked.refetch()} />;
  if (!asked.data) return <Loading rows={6} rowHeight="two-lines" />;
  if (asked.data.acts.length === 0) return <Nobody />;
  return <Acts people={asked.data} />;
}

function Acts({ people }: { people: SessionPeople }) {
  const zone = useZone();
  const [most, setMost] = useState(FIRST);
  const { acts, count, pending, waited_s } = people;
  const shown = acts.slice(0, most);
  const told = count + pending - acts.length;
  return (
    <div className={css.page}>
      <p className={css.summary}>
        <strong>
          {count === 0 ? "Nobody has answered yet" : `People stepped in ${times(count)}`}
        </strong>
        {waited_s !== null && waited_s > 0 && (
          <span>the agents waited {formatDuration({ s: waited_s })} for them</span>
        )}
        {pending > 0 && (
          <span className={css.pending}>
            {counted(pending, "request")} {pending === 1 ? "waits" : "wait"} for an answer
          </span>
        )}
        <span className={css.zone}>times in {zoneName(zone)}</span>
      </p>
      <ol className={css.acts}>
        {shown.map((act) => (
          <ActRow key={`${act.span_id} ${act.at} ${act.kind} ${act.decision}`} act={act} />
        ))}
      </ol>
      {acts.length > most && (
        <Button onPress={() => setMost(most + FIRST)}>
          Show {formatCount(Math.min(FIRST, acts.length - most))} more of {formatCount(acts.length)}
        </Button>
      )}
      {acts.length <= most && told > 0 && (
        <p className={css.note}>
          {counted(told, "act")} beyond the first {acts.length} are not listed here; the replay has
          them all.
        </p>
      )}
    </div>
  );
}

function times(count: number): string {
  return count === 1 ? "once" : `${formatCount(count)} times`;
}

const ATTRIBUTES = `quarterdeck.kind = "human"
quarterdeck.human.kind = "approval"
quarterdeck.human.question = "Push to main?"
quarterdeck.human.decision = "approved"
quarterdeck.human.by = "ana"`;

function Nobody() {
  return (
    <div className={css.page}>
      <Empty title="Nobody stepped in">
        <p>
          <Hand size={16} strokeWidth={1.5} aria-hidden /> Approvals, corrections, answers and
          takeovers stand here once they are recorded, each with what was asked, how long the agent
          waited, and what it did next. Several frameworks record them by themselves; anything else
          can tell them with attributes of a span:
        </p>
        <CodeBlock text={ATTRIBUTES} label="attributes" title="Attributes of the act's span" />
      </Empty>
    </div>
  );
}
