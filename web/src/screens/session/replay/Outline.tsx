/**
 * Turns, sub-agents and what is worth a look, each a way to its step. Where no turn is known, the
 * list of notable events is what is left.
 */
import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowLeftRight, Bot, Check, Hand, type LucideIcon, MessageSquare, X } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
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
    <List entries={data.entries} leftOut={data.left_out} {...(onChosen ? { onChosen } : {})} />
  );
}

/** Rows in their order, each with its level; those of agents without the handoff to them. */
interface Row {
  readonly entry: OutlineEntry;
  readonly level: number;
}

interface ListProps {
  entries: readonly OutlineEntry[];
  leftOut: number;
  onChosen?: () => void;
}

function List({ entries, leftOut, onChosen }: ListProps) {
  const range = useRange();
  const scroll = useRef<HTMLElement>(null);
  const rows = useMemo(() => {
    const all = flat(entries, 0);
    if (!range) return all;
    return all.filter(({ entry }) => entry.to_step >= range.from && entry.from_step <= range.to);
  }, [entries, range]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 6,
    paddingStart: 8,
    paddingEnd: 8,
  });
  return (
    <nav ref={scroll} className={css.outline} aria-label="Outline of the session">
      <Follow rows={rows} virtual={virtual} />
      <ol className={css.list} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <li
              key={item.key}
              className={css.item}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Entry entry={row.entry} level={row.level} {...(onChosen ? { onChosen } : {})} />
            </li>
          );
        })}
      </ol>
      {leftOut > 0 && (
        <p className={css.more}>{counted(leftOut, "more entry", "more entries")} not listed</p>
      )}
    </nav>
  );
}

const ROW = 26; // px

function flat(entries: readonly OutlineEntry[], level: number): Row[] {
  return entries.flatMap((entry) => [{ entry, level }, ...flat(childrenOf(entry), level + 1)]);
}

interface FollowProps {
  rows: readonly Row[];
  virtual: ReturnType<typeof useVirtualizer<HTMLElement, Element>>;
}

/** Keeps the entry of the selected step in sight: the last that begins at or before it. */
function Follow({ rows, virtual }: FollowProps) {
  const at = useSelector((state) => {
    let found = -1;
    for (let row = 0; row < rows.length; row++) {
      if ((rows[row]?.entry.from_step ?? 0) <= state.step) found = row;
    }
    return found;
  });
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);
  return null;
}

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
  const place = useSelector((state) => placeIn(entry, state.step));
  const isRecovered = entry.status === "recovered";
  const Icon = entry.kind === "error" && isRecovered ? Check : ICONS[entry.kind];
  return (
    <button
      type="button"
      className={css.entry}
      data-kind={entry.kind}
      data-status={entry.status}
      data-place={place}
      aria-current={place === "here" ? "step" : undefined}
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

/** A turn or an agent is around many steps; an event is at its own. */
function placeIn(entry: OutlineEntry, step: number): "here" | "within" | undefined {
  if (entry.from_step === step) return "here";
  const isAround = entry.kind === "turn" || entry.kind === "agent" || entry.kind === "phase";
  return isAround && step > entry.from_step && step <= entry.to_step ? "within" : undefined;
}

/** The handoff that began an agent says the same as the agent's own line. */
function childrenOf(entry: OutlineEntry): readonly OutlineEntry[] {
  if (entry.kind !== "agent") return entry.children;
  return entry.children.filter(
    (child) => child.kind !== "handoff" || child.from_step !== entry.from_step,
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
