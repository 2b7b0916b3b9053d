/** Error episodes: from the first failure at something to its success, or to the end. */
import type { SessionRecord } from "@/api/session";
import { counted, exactCount, formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { StepLink } from "../StepLink";
import type { StepOf } from "./View";
import css from "./View.module.css";

type Episode = SessionRecord["episodes"][number];

export function Episodes({ of, stepOf }: { of: SessionRecord; stepOf: StepOf }) {
  const lost = of.episodes.filter((one) => one.recovered_at === null);
  const recovered = of.episodes.filter((one) => one.recovered_at !== null);
  const listed = of.episodes.length;
  return (
    <Section
      title="Errors of the agents"
      aside={
        of.error_episodes === 0
          ? ""
          : `${counted(of.error_episodes, "episode")}, ${formatCount(of.recovered)} recovered`
      }
      note="An episode is a failing call with everything tried until it worked. Only those that nothing recovered from are loud."
    >
      {listed === 0 && <p className={css.note}>None: no call failed.</p>}
      {lost.length > 0 && <Table title="Not recovered" rows={lost} stepOf={stepOf} isLost />}
      {recovered.length > 0 && (
        <Table title="Recovered" rows={recovered} stepOf={stepOf} isLost={false} />
      )}
      {of.error_episodes > listed && (
        <p className={css.note}>
          {formatCount(of.error_episodes - listed)} later episodes are not listed; the replay goes
          through all of them with e.
        </p>
      )}
    </Section>
  );
}

const MOST = 200;

function Table({
  title,
  rows,
  stepOf,
  isLost,
}: {
  title: string;
  rows: readonly Episode[];
  stepOf: StepOf;
  isLost: boolean;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
    <div className={css.scroll} tabIndex={0}>
      <table className={css.table} data-lost={isLost || undefined}>
        <caption>
          {isLost ? "✕" : "✓"} {title} · {formatCount(rows.length)}
        </caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">At what</th>
            <th scope="col" className={css.wide}>
              Why
            </th>
            <th scope="col" className={css.number}>
              Failures
            </th>
            <th scope="col">Since</th>
            {!isLost && <th scope="col">Recovered by</th>}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map((one) => {
            const step = stepOf(one.span_id);
            return (
              <tr key={`${one.span_id} ${one.operation} ${one.opened_at}`}>
                <td>{step && <StepLink step={step} text={exactCount(step)} />}</td>
                <td>
                  <HostileText text={one.operation} inline />
                </td>
                <td className={css.wide}>
                  <HostileText text={one.reason ?? "no reason was told"} inline />
                </td>
                <td className={css.number}>{formatCount(one.errors)}</td>
                <td>
                  <Instant at={one.opened_at} look="clock" fineness="second" />
                </td>
                {!isLost && (
                  <td>
                    {one.by_fallback ? "fallback: " : ""}
                    <HostileText text={one.recovered_by ?? "not told"} inline />
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.length > MOST && (
        <p className={css.note}>{formatCount(rows.length - MOST)} more are in the replay.</p>
      )}
    </div>
  );
}
