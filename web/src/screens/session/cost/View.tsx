/**
 * What a session cost: one sum, cut in several ways, each of which adds up to it.
 *
 * Sums, shares of waste and reasons are the server's. What has no price is said beside every sum
 * and listed with its reason; it is never shown as free.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { costTable, type SessionCostTable } from "@/api/session";
import { counted, formatCount, formatUsd } from "@/format";

import { HostileText } from "@/parts/HostileText";
import { Money } from "@/parts/Money";
import { Empty, Failed, Loading } from "@/parts/States";
import { StepLinks } from "../StepLink";
import { CutTable } from "./CutTable";
import { CUTS, REASONS, tellsSomething } from "./cuts";
import css from "./View.module.css";

export function View() {
  const { project = "", session = "" } = useParams({ strict: false });
  const asked = useQuery(costTable(project, session));
  if (asked.isError) return <Failed error={asked.error} retry={() => void asked.refetch()} />;
  if (!asked.data) return <Loading rows={12} />;
  return <Tables table={asked.data} project={project} />;
}

function Tables({ table, project }: { table: SessionCostTable; project: string }) {
  const calls = table.priced_calls + table.unpriced_calls;
  if (calls === 0 && table.total_usd === null) {
    return (
      <Empty title="Nothing here cost anything that was recorded">
        <p>
          No model call was recorded in this session. Costs come from the tokens of model calls, or
          from a cost that the sender recorded.
        </p>
      </Empty>
    );
  }
  const shown = CUTS.flatMap((words) => {
    const cut = table.cuts.find((one) => one.by === words.by);
    return cut && tellsSomething(cut) ? [{ words, cut }] : [];
  });
  return (
    <div className={css.page}>
      <Summary table={table} calls={calls} />
      <div className={css.columns}>
        <div className={css.cuts}>
          {shown.map(({ words, cut }) => (
            <CutTable key={cut.by} words={words} cut={cut} />
          ))}
        </div>
        <div className={css.aside}>
          <Unpriced table={table} project={project} />
          <Cache table={table} />
        </div>
      </div>
    </div>
  );
}

function Summary({ table, calls }: { table: SessionCostTable; calls: number }) {
  return (
    <dl className={css.summary}>
      <div>
        <dt>Total</dt>
        <dd className={css.total}>
          <Money usd={table.total_usd} unpriced={table.unpriced_calls} calls={calls} />
        </dd>
      </div>
      <div>
        <dt>Of it wasted</dt>
        <dd>
          <Money usd={table.wasted_usd} />
        </dd>
      </div>
      <div>
        <dt>From our prices</dt>
        <dd>
          <Money usd={table.computed_usd} />
        </dd>
      </div>
      <div>
        <dt>As the sender recorded</dt>
        <dd>{table.reported_usd === null ? "not told" : <Money usd={table.reported_usd} />}</dd>
      </div>
      <div>
        <dt>Model calls</dt>
        <dd>{formatCount(calls)}</dd>
      </div>
    </dl>
  );
}

function Unpriced({ table, project }: { table: SessionCostTable; project: string }) {
  return (
    <section aria-labelledby="unpriced">
      <h2 id="unpriced" className={css.heading}>
        Calls without a price
      </h2>
      {table.unpriced.length === 0 ? (
        <p className={css.note}>None: every call is in the sums.</p>
      ) : (
        <ul className={css.unpriced}>
          {table.unpriced.map((one) => (
            <li key={`${one.model} ${one.provider} ${one.reason}`}>
              <div className={css.line}>
                <strong>
                  <HostileText text={one.model ?? "model not told"} inline />
                </strong>
                <span>{counted(one.calls, "call")}</span>
              </div>
              <p className={css.note}>
                Unknown cost: {REASONS[one.reason]}. Steps{" "}
                <StepLinks steps={one.steps} count={one.calls} />
              </p>
              {one.reason === "unknown_price" && one.model && (
                <Link
                  to="/p/$project/settings/$section"
                  params={{ project, section: "prices" }}
                  search={{ model: one.model } as never}
                >
                  Set a price
                </Link>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Cache({ table }: { table: SessionCostTable }) {
  const { cache } = table;
  if (cache.cache_read_tokens === 0 && cache.cache_write_tokens === 0) return null;
  const saved = Number(cache.saved_usd ?? 0);
  return (
    <section aria-labelledby="cache">
      <h2 id="cache" className={css.heading}>
        Cached input
      </h2>
      <p className={css.note}>
        {formatCount(cache.cache_read_tokens)} tokens were read from a cache,{" "}
        {formatCount(cache.cache_write_tokens)} written.{" "}
        {cache.saved_usd === null
          ? "What that saved is unknown: no rate is known."
          : saved >= 0
            ? `That saved ${formatUsd(cache.saved_usd)} against the full rate.`
            : `Writing cost ${formatUsd(-saved)} more than reading saved.`}
        {cache.calls_without_rate > 0 &&
          ` ${counted(cache.calls_without_rate, "call")} without known rates are not in it.`}
      </p>
    </section>
  );
}
