/**
 * The active session beside the list: how it ended, what was asked and what came back. All of it
 * stands on the session's page too.
 */
import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import type { SessionRow } from "@/api/sessions";
import { counted, shortId } from "@/format";
import { IconButton, LinkButton } from "@/parts/Button";
import { Shape } from "@/parts/charts/Shape";
import { Duration } from "@/parts/Duration";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Money } from "@/parts/Money";
import { OutcomeBadge } from "@/parts/OutcomeBadge";
import { SessionId } from "@/parts/SessionId";
import { StatusBadge } from "@/parts/StatusBadge";
import { Version } from "@/parts/Version";
import {
  callsOf,
  errorsTold,
  goingOn,
  hasTimes,
  peopleTold,
  titleOf,
  versionText,
} from "./list/words";
import css from "./Preview.module.css";

interface Props {
  readonly row: SessionRow;
  readonly project: string;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}

export function Preview({ row, project, onOpen, onClose }: Props) {
  const title = titleOf(row);
  const going = goingOn(row, Date.now());
  const { outcome } = row;
  return (
    <aside className={css.preview} aria-label="Preview">
      <header className={css.head}>
        <span className={css.badges}>
          <OutcomeBadge label={outcome.label} source={outcome.source} />
          {going && <StatusBadge status={going.status} aside={going.aside} />}
        </span>
        <IconButton size="small" label="Close the preview (Esc)" onPress={onClose}>
          <X aria-hidden />
        </IconButton>
      </header>
      <h2 className={css.title}>
        <Link
          to="/p/$project/sessions/$session"
          params={{ project, session: row.session_id }}
          onClick={onOpen}
        >
          {title ? (
            <HostileText text={title} inline max={200} />
          ) : (
            `session ${shortId(row.session_id)}`
          )}
        </Link>
      </h2>
      {outcome.reason && (
        <p className={css.reason}>
          <HostileText text={outcome.reason} max={1000} />
        </p>
      )}
      <Shape shape={row.shape} width={340} />
      <Facts project={project} row={row} />
      <Text name="Asked" text={row.asked ?? row.task} />
      <Text name="Error" text={row.error} />
      <Text name="Answered" text={row.answered} />
      <LinkButton
        to="/p/$project/sessions/$session"
        params={{ project, session: row.session_id }}
        onClick={onOpen}
      >
        Open the session
      </LinkButton>
    </aside>
  );
}

function Facts({ project, row }: { project: string; row: SessionRow }) {
  const waited = row.human_interventions.waited_s;
  return (
    <dl className={css.facts}>
      <Fact name="Began">
        <Instant at={row.started_at} fineness="second" />
      </Fact>
      <Fact name="Took">
        {hasTimes(row) ? (
          <Duration s={row.duration_s} waitedS={waited} />
        ) : (
          "the source told no times"
        )}
      </Fact>
      <Fact name="Cost">
        {callsOf(row) === 0 && row.cost.total_usd === null ? (
          "no model call was told"
        ) : (
          <Money usd={row.cost.total_usd} unpriced={row.cost.unpriced_calls} calls={callsOf(row)} />
        )}
      </Fact>
      <Fact name="Task type">
        {row.task_type ? <HostileText text={row.task_type} inline max={80} /> : "not told"}
      </Fact>
      <Fact name="Workflow">
        {row.workflow.name || row.workflow.version !== null ? (
          <Version project={project} workflow={row.workflow.name} version={versionText(row)} />
        ) : (
          "not told"
        )}
      </Fact>
      <Fact name="People">{peopleTold(row)}</Fact>
      <Fact name="Errors">{errorsTold(row)}</Fact>
      <Fact name="Steps">
        {counted(row.step_count, "step", "steps")} of {counted(row.span_count, "span", "spans")}
      </Fact>
      {row.models_used.length > 0 && (
        <Fact name="Models">
          <Names names={row.models_used.map((one) => [one.model, one.calls])} />
        </Fact>
      )}
      {row.tool_calls.length > 0 && (
        <Fact name="Tools">
          <Names names={row.tool_calls.map((one) => [one.tool, one.calls])} />
        </Fact>
      )}
      <Fact name="Id">
        <SessionId id={row.session_id} copy />
      </Fact>
    </dl>
  );
}

const MOST_NAMES = 6;

function Names({ names }: { names: readonly (readonly [string, number])[] }) {
  const sorted = [...names].sort((a, b) => b[1] - a[1]);
  return (
    <>
      {sorted.slice(0, MOST_NAMES).map(([name, calls], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one name may stand in two roles.
        <span key={index} className={css.name}>
          <HostileText text={name} inline max={60} /> ×{calls}
        </span>
      ))}
      {sorted.length > MOST_NAMES && <span>and {sorted.length - MOST_NAMES} more</span>}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Text({ name, text }: { name: string; text: string | null }) {
  if (!text) return null;
  return (
    <section className={css.text}>
      <h3>{name}</h3>
      <HostileText text={text} max={2000} />
    </section>
  );
}
