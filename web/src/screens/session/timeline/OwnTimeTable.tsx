/** Bottom up: what took the time, by kind, model, tool or agent, in the stretch that is shown. */
import { formatCount, formatDuration, formatShare } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import { Loading } from "@/parts/States";
import type { Model } from "../model";
import { BYS, type By, type OwnTime } from "./ownTime";
import css from "./View.module.css";

const WORDS: Record<By, string> = { kind: "Kind", model: "Model", tool: "Tool", agent: "Agent" };
const MOST = 100;

export interface OwnTimeTableProps {
  readonly table: readonly OwnTime[] | null;
  readonly by: By;
  readonly setBy: (by: By) => void;
  readonly model: Model;
  readonly isWhole: boolean;
}

export function OwnTimeTable({ table, by, setBy, model, isWhole }: OwnTimeTableProps) {
  return (
    <section className={css.below} aria-labelledby="own-time">
      <div className={css.head}>
        <h2 id="own-time">Where the time went</h2>
        <fieldset className={css.bys}>
          <legend className="visually-hidden">By</legend>
          {BYS.map((one) => (
            <button key={one} type="button" aria-pressed={one === by} onClick={() => setBy(one)}>
              {WORDS[one]}
            </button>
          ))}
        </fieldset>
        <p className={css.note}>
          {isWhole ? "Whole session" : "Of the shown stretch"}; own time is without what ran inside.
        </p>
      </div>
      {table === null ? (
        <Loading rows={5} rowHeight="compact" />
      ) : (
        <Rows table={table} by={by} model={model} />
      )}
    </section>
  );
}

function Rows({ table, by, model }: { table: readonly OwnTime[]; by: By; model: Model }) {
  if (table.length === 0) {
    return <p className={css.note}>No {by} span is in this stretch.</p>;
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
    <div className={css.scroll} tabIndex={0}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{WORDS[by]}</th>
            <th scope="col">Own time</th>
            <th scope="col">Share</th>
            <td className={css.barCell} />
            <th scope="col">Spans</th>
            <th scope="col">Failed</th>
            <th scope="col" title="The median of their whole durations">
              p50
            </th>
            <th scope="col" title="95 of 100 took at most so long">
              p95
            </th>
          </tr>
        </thead>
        <tbody>
          {table.slice(0, MOST).map((one) => (
            <tr key={one.key}>
              <th scope="row">
                <Key by={by} one={one} model={model} />
              </th>
              <td>{formatDuration({ ms: one.ownUs / 1000 })}</td>
              <td>{formatShare(one.share)}</td>
              <td className={css.barCell}>
                <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={Math.max(0.5, one.share * 100)} height={8} />
                </svg>
              </td>
              <td>{formatCount(one.count)}</td>
              <td>{one.errors > 0 ? formatCount(one.errors) : ""}</td>
              <td>{one.p50Us === null ? "—" : formatDuration({ ms: one.p50Us / 1000 })}</td>
              <td>{one.p95Us === null ? "—" : formatDuration({ ms: one.p95Us / 1000 })}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {table.length > MOST && (
        <p className={css.note}>
          {formatCount(table.length - MOST)} with less own time are left out.
        </p>
      )}
    </div>
  );
}

function Key({ by, one, model }: { by: By; one: OwnTime; model: Model }) {
  if (by === "kind") return <KindMark kind={model.kinds[one.key] ?? "step"} />;
  const text = by === "agent" ? model.agents[one.key] || "no agent told" : model.names[one.key];
  return <HostileText text={text ?? ""} inline />;
}
