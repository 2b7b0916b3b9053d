/** One cut of the cost: a bar that adds to the total, and the rows that do. */
import { useState } from "react";
import { formatCount, formatShare, formatUsd } from "@/format";
import { Button } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { Money } from "@/parts/Money";
import { StepLinks } from "../StepLink";
import { type Cut, type CutWords, partsOf, type Row } from "./cuts";
import css from "./View.module.css";

const FIRST = 10;

export function CutTable({ words, cut }: { words: CutWords; cut: Cut }) {
  const [isWhole, setWhole] = useState(false);
  const total = Number(cut.total_usd ?? 0);
  const rows = isWhole || cut.rows.length <= FIRST + 2 ? cut.rows : cut.rows.slice(0, FIRST);
  const hidden = cut.rows.length - rows.length;
  const unpriced = cut.rows.reduce((sum, row) => sum + row.unpriced_calls, 0);
  const calls = cut.rows.reduce((sum, row) => sum + row.calls, 0);
  const id = `cost-by-${cut.by}`;
  return (
    <section aria-labelledby={id}>
      <div className={css.head}>
        <h2 id={id} className={css.heading}>
          {words.title}
        </h2>
        <p className={css.note}>{words.means}</p>
      </div>
      <SharesBar cut={cut} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys. */}
      <div className={css.scroll} tabIndex={0}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{words.row}</th>
              <th scope="col">Calls</th>
              <th scope="col">Tokens in</th>
              <th scope="col">of it cached</th>
              <th scope="col">Tokens out</th>
              <th scope="col">Cost</th>
              <th scope="col">Of the total</th>
              <th scope="col" className={css.steps}>
                Steps
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <CostLine key={row.key} row={row} total={total} place={at} />
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Total</th>
              <td>{formatCount(calls)}</td>
              <td>{sumOf(cut.rows, "input_tokens")}</td>
              <td>{sumOf(cut.rows, "cache_read_tokens")}</td>
              <td>{sumOf(cut.rows, "output_tokens")}</td>
              <td title={cut.total_usd ? `$${cut.total_usd}` : undefined}>
                {cut.total_usd === null
                  ? "unknown"
                  : `${unpriced > 0 ? "≥ " : ""}${formatUsd(cut.total_usd)}`}
              </td>
              <td>{total > 0 ? formatShare(1) : ""}</td>
              <td className={css.steps}>
                {unpriced > 0 && `and ${formatCount(unpriced)} without a price`}
              </td>
            </tr>
          </tfoot>
        </table>
      </div>
      {hidden > 0 && (
        <Button look="quiet" size="small" onPress={() => setWhole(true)}>
          Show {formatCount(hidden)} more
        </Button>
      )}
    </section>
  );
}

function CostLine({ row, total, place }: { row: Row; total: number; place: number }) {
  const usd = row.cost_usd === null ? null : Number(row.cost_usd);
  return (
    <tr>
      <th scope="row">
        <span className={css.what}>
          <span className={css.key} data-place={usd ? Math.min(place, 4) : undefined} aria-hidden />
          <HostileText text={row.key} inline />
        </span>
      </th>
      <td>{formatCount(row.calls)}</td>
      <td>{row.input_tokens === null ? "unknown" : formatCount(row.input_tokens)}</td>
      <td>{row.cache_read_tokens ? formatCount(row.cache_read_tokens) : ""}</td>
      <td>{row.output_tokens === null ? "unknown" : formatCount(row.output_tokens)}</td>
      <td title={row.cost_usd ? `$${row.cost_usd}` : undefined}>
        {row.unpriced_calls > 0 ? (
          <Money usd={row.cost_usd} unpriced={row.unpriced_calls} calls={row.calls} short />
        ) : (
          formatUsd(row.cost_usd)
        )}
      </td>
      <td>{usd !== null && total > 0 ? formatShare(usd / total) : ""}</td>
      <td className={css.steps}>
        <StepLinks steps={row.steps} count={row.step_count} />
      </td>
    </tr>
  );
}

function sumOf(
  rows: readonly Row[],
  name: "input_tokens" | "output_tokens" | "cache_read_tokens",
): string {
  const told = rows.map((row) => row[name]).filter((count) => count !== null);
  if (told.length === 0) return name === "cache_read_tokens" ? "" : "unknown";
  const sum = told.reduce((all, count) => all + count, 0);
  if (sum === 0 && name === "cache_read_tokens") return "";
  // Of cached ones nobody tells a zero; of the others, a row that told nothing makes it a least.
  const isLeast = name !== "cache_read_tokens" && told.length < rows.length;
  return `${isLeast ? "≥ " : ""}${formatCount(sum)}`;
}

/** Parts of one whole; the table below says the same in numbers. */
function SharesBar({ cut }: { cut: Cut }) {
  const parts = partsOf(cut.rows);
  const total = parts.reduce((sum, part) => sum + part.usd, 0);
  if (total <= 0) return null;
  return (
    <svg className={css.bar} viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">
      {parts.map((part, at) => {
        const before = parts.slice(0, at).reduce((sum, one) => sum + one.usd, 0);
        return (
          <rect
            key={part.key}
            data-place={at}
            x={(before / total) * 1000}
            y={0}
            width={Math.max(0, (part.usd / total) * 1000 - 2)}
            height={12}
          />
        );
      })}
    </svg>
  );
}
