/** The picture as a table: the longest spans of the shown stretch, in the order of their begin. */
import { useMemo } from "react";
import { exactCount, formatCount, formatDuration } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import type { Model } from "../model";
import { StepLink } from "../StepLink";
import { kindOf, took } from "../spanWords";
import { endUs } from "./lanes";
import type { Stretch } from "./ownTime";
import css from "./View.module.css";

const MOST = 100;

export function SpanTable({ model, within }: { model: Model; within: Stretch }) {
  const { rows, count } = useMemo(() => longest(model, within), [model, within]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
    <div className={css.asTable} tabIndex={0}>
      <table className={css.table}>
        <caption className={css.note}>
          {rows.length < count
            ? `The ${formatCount(rows.length)} longest of ${formatCount(count)} spans here; the tree has all of them.`
            : `All ${formatCount(count)} spans here, by their begin.`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Span</th>
            <th scope="col">Kind</th>
            <th scope="col">Agent</th>
            <th scope="col">Began after</th>
            <th scope="col">Took</th>
            <th scope="col">Ended</th>
            <th scope="col">Step</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              <th scope="row">
                <HostileText text={model.names[model.name[row] ?? 0] ?? ""} inline />
              </th>
              <td>
                <KindMark kind={kindOf(model, row)} />
              </td>
              <td>
                <HostileText text={model.agents[model.agent[row] ?? 0] ?? ""} inline />
              </td>
              <td>{formatDuration({ ms: (model.startUs[row] ?? 0) / 1000 })}</td>
              <td>{took(model, row)}</td>
              <td>{endOf(model, row)}</td>
              <td>
                {(model.step[row] ?? 0) > 0 && (
                  <StepLink step={model.step[row] ?? 0} text={exactCount(model.step[row] ?? 0)} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function endOf(model: Model, row: number): string {
  if (model.error[row] !== 1) return "";
  return (model.episode[row] ?? 0) > 0 ? "✓ recovered" : "✕ failed";
}

/** Only the longest are kept while looking through all, so that no list of 100,000 is sorted. */
function longest(model: Model, within: Stretch): { rows: number[]; count: number } {
  const kept: number[] = [];
  let least = -1;
  let count = 0;
  const length = (row: number) => endUs(model, row, model.extentUs) - (model.startUs[row] ?? 0);
  for (let row = 0; row < model.count; row++) {
    if ((model.startUs[row] ?? 0) > within.untilUs) continue;
    if (endUs(model, row, model.extentUs) < within.fromUs) continue;
    count += 1;
    if (length(row) <= least && kept.length >= MOST) continue;
    kept.push(row);
    if (kept.length >= MOST * 2) {
      kept.sort((a, b) => length(b) - length(a)).length = MOST;
      least = length(kept[MOST - 1] ?? 0);
    }
  }
  const rows = kept.sort((a, b) => length(b) - length(a)).slice(0, MOST);
  return { rows: rows.sort((a, b) => a - b), count };
}
