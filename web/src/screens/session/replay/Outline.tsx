/**
 * Turns, sub-agents and what is worth a look, each a way to its step. Where no turn is known, the
 * list of notable events is what is left.
 */
import { useQuery } from "@tanstack/react-query";
import { ArrowLeftRight, Bot, Check, Hand, type LucideIcon, MessageSquare, X } from "lucide-react";
import { memo, useEffect, useRef } from "react";
import { type OutlineEntry, outline as outlineQuery } from "@/api/session";
import { counted, formatCount, formatUsd } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Failed, Loading } from "@/parts/States";
import { useRange, useSelector, useSession } from "../model";
import css from "./Outline.module.css";
import { usePlace } from "./place";

export function Outline({ onChosen }: { onChosen?: () => void }) {
  const { project, session } = usePlace();
  const { data, error, refetch } = useQuery(outlineQuery(project, session));
  if (error) return <Failed what="The outline could not be read." error={error} retry={refetch} />;
  if (!data) return <Loading rows={6} rowHeight="compact" what="the outline" />;
  if (data.entries.length === 0) {
    return <p className={css.nothing}>No turns or events. {counted(data.total, "step")}.</p>;
  }
  return (
    <nav className={css.outline} aria-label="Outline of the session">
      <Entries entries={data.entries} level={0} {...(onChosen ? { onChosen } : {})} />
      {data.left_out > 0 && (
        <p className={css.more}>
          {counted(data.left_out, "more entry", "more entries")} not listed
        </p>
      )}
    </nav>
  );
}

interface EntriesProps {
  entries: readonly OutlineEntry[];
  level: number;
  onChosen?: () => void;
}

const Entries = memo(function Entries({ entries, level, onChosen }: EntriesProps) {
  const range = useRange();
  const shown = range
    ? entries.filter((entry) => entry.to_step >= range.from && entry.from_step <= range.to)
    : entries;
  return (
    <ol className={css.list}>
      {shown.map((entry) => (
        <li key={`${entry.kind} ${entry.from_step} ${entry.to_step} ${entry.title}`}>
          <Entry entry={entry} level={level} {...(onChosen ? { onChosen } : {})} />
          {entry.children.length > 0 && (
            <Entries
              entries={entry.children}
              level={level + 1}
              {...(onChosen ? { onChosen } : {})}
            />
          )}
          {entry.left_out > 0 && (
            <p className={css.more}>{formatCount(entry.left_out)} more inside</p>
          )}
        </li>
      ))}
    </ol>
  );
});

const ICONS: Record<OutlineEntry["kind"], LucideIcon | null> = {
  turn: MessageSquare,
  agent: Bot,
  phase: null,
  error: X,
  person: Hand,
  handoff: ArrowLeftRight,
  outcome: null,
};

function Entry({
  entry,
  level,
  onChosen,
}: {
  entry: OutlineEntry;
  level: number;
  onChosen?: () => void;
}) {
  const store = useSession();
  const button = useRef<HTMLButtonElement>(null);
  const isHere = useSelector(
    (state) => state.step >= entry.from_step && state.step <= entry.to_step,
  );
  const isLeaf = entry.children.length === 0 || entry.from_step === entry.to_step;
  useEffect(() => {
    if (isHere && isLeaf) button.current?.scrollIntoView({ block: "nearest" });
  }, [isHere, isLeaf]);
  const isRecovered = entry.status === "recovered";
  const Icon = entry.kind === "error" && isRecovered ? Check : ICONS[entry.kind];
  return (
    <button
      ref={button}
      type="button"
      className={css.entry}
      data-kind={entry.kind}
      data-status={entry.status}
      aria-current={isHere ? "step" : undefined}
      style={{ paddingLeft: 12 + Math.min(level, 5) * 14 }}
      onClick={() => {
        store.select(entry.from_step);
        onChosen?.();
      }}
    >
      {Icon ? <Icon size={13} strokeWidth={1.75} aria-hidden /> : <span className={css.bullet} />}
      <span className={css.title}>
        <HostileText text={titleOf(entry)} inline max={120} />
      </span>
      <span className={css.aside}>{asideOf(entry)}</span>
    </button>
  );
}

/** Errors name the tool and not what it is a tool of: the icon says that it failed. */
function titleOf(entry: OutlineEntry): string {
  if (entry.kind === "error") return entry.title.replace(/^(tool|model):/, "");
  return entry.title || entry.kind;
}

function asideOf(entry: OutlineEntry): string {
  if (entry.kind === "error") {
    const times = entry.count > 1 ? `×${formatCount(entry.count)} ` : "";
    return entry.status === "recovered"
      ? `${times}→ ${formatCount(entry.to_step)}`
      : `${times}never`;
  }
  if (entry.status === "waiting") return "waiting";
  if (entry.status === "open") return "running";
  if (entry.kind === "agent" || entry.kind === "turn") {
    return entry.cost_usd ? formatUsd(entry.cost_usd) : formatCount(entry.count);
  }
  return formatCount(entry.from_step);
}
