/**
 * What is said of a session above every view: how it ended and who says so, what was asked of
 * whom, when, how long, what it cost, and where people and errors came in.
 */
import { Link } from "@tanstack/react-router";
import { Hand } from "lucide-react";
import type { SessionRecord } from "@/api/session";
import { segment } from "@/app/address";
import { useZone } from "@/app/time";
import {
  counted,
  explainInstant,
  formatCount,
  formatFigure,
  formatMoney,
  formatSpan,
  formatUsd,
  formatWithWaiting,
  numeric,
  shortId,
  zoneName,
} from "@/format";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { SessionId } from "@/parts/SessionId";
import { Version } from "@/parts/Version";
import { Mark } from "../feedback/Mark";
import css from "./Header.module.css";
import { Outcome } from "./Outcome";
import { errorsText, peopleText, topModels, topTools } from "./words";

export function Header({ project, record }: { project: string; record: SessionRecord }) {
  return (
    <header className={css.header}>
      <div className={css.first}>
        <Outcome record={record} />
        <div className={css.acts}>
          <Mark project={project} record={record} />
        </div>
      </div>
      <TaskLine project={project} record={record} />
      <div className={css.figures}>
        <When record={record} />
        <Cost record={record} />
        <People record={record} />
        <Errors record={record} />
      </div>
      <Used record={record} />
    </header>
  );
}

function TaskLine({ project, record }: { project: string; record: SessionRecord }) {
  const { workflow, task, task_type: type, user } = record;
  return (
    <div className={css.task}>
      <h1 className={css.title}>
        {task ? (
          <HostileText text={task} inline />
        ) : (
          <span className={css.untitled}>
            Session {visibleText(shortId(record.session_id), 40)}
          </span>
        )}
      </h1>
      <ul className={css.facts}>
        {type && (
          <li>
            <Link to="/p/$project/tasks/$task" params={{ project, task: segment(type) }}>
              <HostileText text={type} inline max={80} />
            </Link>
          </li>
        )}
        {workflow.name && (
          <li>
            <Link
              to="/p/$project/workflows/$workflow"
              params={{ project, workflow: segment(workflow.name) }}
            >
              <HostileText text={workflow.name} inline />
            </Link>{" "}
            {workflow.version !== null && (
              <Version
                project={project}
                workflow={workflow.name}
                hidesWorkflow
                version={String(workflow.version)}
              />
            )}
          </li>
        )}
        {workflow.environment && (
          <li>
            <HostileText text={workflow.environment} inline max={40} />
          </li>
        )}
        {user && (
          <li>
            user <HostileText text={user} inline max={40} />
          </li>
        )}
        <li className={css.id}>
          <SessionId id={record.session_id} />
        </li>
      </ul>
    </div>
  );
}

function When({ record }: { record: SessionRecord }) {
  const zone = useZone();
  const now = Date.now();
  const noTimes = record.data_findings.some((finding) => finding.code === "times_unknown");
  if (noTimes) return <span title="The source tells no times.">Times unknown</span>;
  const until = record.ended_at ?? record.last_seen_at;
  return (
    <>
      <span title={explainInstant(record.started_at, { zone, now })}>
        {formatSpan(record.started_at, until, { zone, now })} {zoneName(zone)}
      </span>
      <span>
        {formatWithWaiting({ s: record.duration_s }, { s: record.human_interventions.waited_s })}
      </span>
    </>
  );
}

function Cost({ record }: { record: SessionRecord }) {
  const { cost } = record;
  const calls = cost.priced_calls + cost.unpriced_calls;
  if (calls === 0 && cost.total_usd === null) return null;
  const wasted = numeric(cost.wasted_usd);
  return (
    <span>
      {formatMoney(cost.total_usd, cost.unpriced_calls, calls)}
      {wasted ? <span className={css.muted}>, of it {formatUsd(wasted)} wasted</span> : null}
    </span>
  );
}

function People({ record }: { record: SessionRecord }) {
  const text = peopleText(record.human_interventions);
  if (!text) return <span className={css.muted}>no person stepped in</span>;
  return (
    <span className={css.person}>
      <Hand size={13} strokeWidth={1.75} aria-hidden /> {text}
    </span>
  );
}

function Errors({ record }: { record: SessionRecord }) {
  const lost = record.error_episodes - record.recovered;
  return <span className={lost > 0 ? css.loud : css.muted}>{errorsText(record)}</span>;
}

function Used({ record }: { record: SessionRecord }) {
  const models = topModels(record);
  const tools = topTools(record);
  const { score } = record.quality;
  if (models.length === 0 && tools.length === 0 && score === null) return null;
  return (
    <div className={css.used}>
      {models.map((one) => (
        <span key={one.key}>
          {one.role ? `${visibleText(one.role, 40)} ` : ""}
          <HostileText text={one.name} inline max={60} />
          <span className={css.times}>×{formatCount(one.calls)}</span>
          {one.errors > 0 && <span> ({counted(one.errors, "error")})</span>}
        </span>
      ))}
      {tools.map((one) => (
        <span key={one.key}>
          <HostileText text={one.name} inline max={60} />
          <span className={css.times}>×{formatCount(one.calls)}</span>
          {one.errors > 0 && <span> ({formatCount(one.errors)} failed)</span>}
        </span>
      ))}
      {score !== null && <span>quality {formatFigure(score, "0 to 1")}</span>}
    </div>
  );
}
