/** One session of the list: a link to it, in one line or two; two lines of a card on a phone. */
import { Link } from "@tanstack/react-router";
import { Hand } from "lucide-react";
import { memo } from "react";
import type { SessionRow } from "@/api/sessions";
import { useZone } from "@/app/time";
import { DASH, formatInstant, formatWithWaiting, shortId } from "@/format";
import { Shape } from "@/parts/charts/Shape";
import { Duration } from "@/parts/Duration";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Money } from "@/parts/Money";
import { OutcomeBadge } from "@/parts/OutcomeBadge";
import { StatusBadge } from "@/parts/StatusBadge";
import { Version } from "@/parts/Version";
import type { Density } from "../address";
import css from "./List.module.css";
import {
  askedBeside,
  callsOf,
  errorsTold,
  goingOn,
  hasTimes,
  peopleTold,
  titleOf,
  versionText,
} from "./words";

export interface RowProps {
  readonly row: SessionRow;
  readonly project: string;
  readonly index: number;
  readonly top: number;
  readonly height: number;
  readonly density: Density;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  /** Minutes since 1970: what is shown of an open session changes with it. */
  readonly minute: number;
  readonly onOpen: (id: string) => void;
  readonly onSelect: (id: string, isRange: boolean) => void;
}

export const rowId = (id: string) => `session-${encodeURIComponent(id)}`;

export const Row = memo(function Row(props: RowProps) {
  const { row, project, index, isActive, isSelected, density, onOpen, onSelect } = props;
  const title = titleOf(row);
  const workflow = row.workflow.name;
  const version = versionText(row);
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are placed by the virtual list.
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus, and names the row.
    <div
      role="row"
      id={rowId(row.session_id)}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      className={`${css.row} ${density === "compact" ? css.compact : css.comfortable}`}
      data-active={isActive || undefined}
      style={{ transform: `translateY(${props.top}px)`, height: props.height }}
    >
      <Cell className={css.check}>
        <span
          className={css.box}
          data-checked={isSelected || undefined}
          title="Select (x)"
          aria-hidden
          onClick={(event) => onSelect(row.session_id, event.shiftKey)}
        />
      </Cell>
      <Cell className={css.outcome}>
        <Ended row={row} minute={props.minute} />
      </Cell>
      <Cell className={css.task}>
        <Link
          to="/p/$project/sessions/$session"
          params={{ project, session: row.session_id }}
          className={css.link}
          tabIndex={-1}
          onClick={() => onOpen(row.session_id)}
        >
          {title ? (
            <HostileText text={title} inline max={240} />
          ) : (
            <span className={css.muted}>{`session ${shortId(row.session_id)}`}</span>
          )}
        </Link>
        {row.task_type && (
          <span className={css.type}>
            <HostileText text={row.task_type} inline max={60} />
          </span>
        )}
      </Cell>
      <Cell className={css.workflow}>
        {workflow || version ? (
          <span className={css.cut}>
            {workflow && <HostileText text={workflow} inline max={60} />}{" "}
            {version && (
              <span className={css.muted}>
                <Version
                  project={project}
                  workflow={workflow}
                  hidesWorkflow
                  version={version}
                  tabIndex={-1}
                />
              </span>
            )}
          </span>
        ) : (
          <span className={css.muted}>{DASH}</span>
        )}
      </Cell>
      <Cell className={css.started}>
        <Started at={row.started_at} />
      </Cell>
      <Cell className={css.took}>
        <Took row={row} />
      </Cell>
      <Cell className={css.people} title={peopleTold(row)}>
        {row.human_interventions.count > 0 ? (
          <span className={css.hand}>
            <Hand aria-hidden />
            {row.human_interventions.count}
            <span className="visually-hidden"> {peopleTold(row)}</span>
          </span>
        ) : (
          <span className={css.muted}>{DASH}</span>
        )}
      </Cell>
      <Cell className={css.errors} title={errorsTold(row)}>
        <Errors row={row} />
      </Cell>
      <Cell className={css.cost}>
        {callsOf(row) === 0 && row.cost.total_usd === null ? (
          <span className={css.muted} title="No model call was told.">
            {DASH}
          </span>
        ) : (
          <Money
            usd={row.cost.total_usd}
            unpriced={row.cost.unpriced_calls}
            calls={callsOf(row)}
            short
          />
        )}
      </Cell>
      <Cell className={css.shape}>
        <Shape shape={row.shape} width={84} />
      </Cell>
      {density === "comfortable" && <SecondLine row={row} />}
    </div>
  );
});

function Cell({
  className,
  title,
  children,
}: {
  className: string | undefined;
  title?: string;
  children: React.ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: cells of a virtual list.
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus.
    <div role="gridcell" className={className} title={title}>
      {children}
    </div>
  );
}

/** How it ended; while it goes on, how far it is or how long it waits. */
function Ended({ row, minute }: { row: SessionRow; minute: number }) {
  const going = goingOn(row, minute * 60_000);
  if (!going) return <OutcomeBadge label={row.outcome.label} size="small" />;
  return (
    <span title={going.whole} className={css.going} data-status={going.status}>
      <StatusBadge status={going.status === "open" ? "open" : "waiting"} aside={going.aside} />
    </span>
  );
}

function Started({ at }: { at: string }) {
  const zone = useZone();
  // Of another year the day says enough; the minute is in the tooltip.
  const isOld = /\d{4} /.test(formatInstant(at, { zone }));
  return <Instant at={at} fineness={isOld ? "day" : "minute"} />;
}

function Took({ row }: { row: SessionRow }) {
  if (!hasTimes(row)) {
    return (
      <span className={css.muted} title="The source told no times, so no length is known.">
        {DASH}
      </span>
    );
  }
  const waited = row.human_interventions.waited_s;
  if (!waited) return <Duration s={row.duration_s} />;
  const whole = formatWithWaiting({ s: row.duration_s }, { s: waited });
  return (
    <span title={whole} className={css.waited}>
      <Duration s={row.duration_s} />
      <span className={css.wait}>
        {" "}
        ‖ <Duration s={waited} />
      </span>
      <span className="visually-hidden"> of it waiting for a person</span>
    </span>
  );
}

function Errors({ row }: { row: SessionRow }) {
  if (row.error_episodes === 0) return <span className={css.muted}>{DASH}</span>;
  const all = row.recovered === row.error_episodes;
  return (
    <span className={all ? css.muted : ""}>
      {row.error_episodes}
      {row.recovered > 0 && <span className={css.muted}> ({row.recovered}✓)</span>}
    </span>
  );
}

/** What was asked and what came back, or the error that it ended with. */
function SecondLine({ row }: { row: SessionRow }) {
  const asked = askedBeside(row);
  const about = [row.workflow.name, versionText(row), row.task_type].filter(Boolean).join(" ");
  const isError =
    row.error !== null && row.outcome.label !== "success" && row.error_episodes > row.recovered;
  const back = isError ? row.error : row.answered;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a cell of a virtual list.
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus.
    <div role="gridcell" className={css.second}>
      {about && (
        <span className={css.about}>
          <HostileText text={about} inline max={120} />
        </span>
      )}
      {asked && (
        <span className={css.asked}>
          <span className="visually-hidden">asked: </span>
          <HostileText text={asked} inline max={300} />
        </span>
      )}
      {back && (
        <span className={css.back}>
          <span aria-hidden>{isError ? "✕ " : "→ "}</span>
          <span className="visually-hidden">{isError ? "error: " : "answered: "}</span>
          <HostileText text={back} inline max={300} />
        </span>
      )}
      {!asked && !back && <span>{row.asked ? "" : "no input or output was told"}</span>}
    </div>
  );
}
