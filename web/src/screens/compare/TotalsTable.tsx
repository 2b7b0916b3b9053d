/** What stands over both sessions, line by line. Two of a kind prove nothing: no verdict here. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Totals } from "@/api/compare";
import { formatCount, shortId } from "@/format";
import { Duration } from "@/parts/Duration";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Money } from "@/parts/Money";
import { OutcomeBadge } from "@/parts/OutcomeBadge";
import { Tokens } from "@/parts/Tokens";
import { Version } from "@/parts/Version";
import css from "./Compare.module.css";

const LINES: readonly { name: string; cell: (of: Totals) => ReactNode }[] = [
  {
    name: "Outcome",
    cell: (of) => (
      <>
        <OutcomeBadge label={of.outcome} size="small" />{" "}
        {of.outcome_reason && (
          <span className={css.muted}>
            <HostileText text={of.outcome_reason} inline max={160} />
          </span>
        )}
      </>
    ),
  },
  {
    name: "Workflow",
    cell: (of) =>
      of.workflow || of.version ? (
        <Version workflow={of.workflow} version={of.version} />
      ) : (
        <span className={css.muted}>not told</span>
      ),
  },
  {
    name: "Models",
    cell: (of) => <HostileText text={of.models.join(", ") || "none"} inline max={160} />,
  },
  { name: "Began", cell: (of) => <Instant at={of.started_at} /> },
  { name: "Took", cell: (of) => <Duration s={of.duration_s} waitedS={of.waited_s} /> },
  {
    name: "Cost",
    cell: (of) => <Money usd={of.cost_usd} unpriced={of.unpriced_calls} calls={of.model_calls} />,
  },
  { name: "Steps", cell: (of) => formatCount(of.steps) },
  { name: "Model calls", cell: (of) => formatCount(of.model_calls) },
  {
    name: "Tool calls",
    cell: (of) => (
      <>
        {formatCount(of.tool_calls)}
        {of.tool_errors > 0 && (
          <span className={css.muted}>, {formatCount(of.tool_errors)} failed</span>
        )}
      </>
    ),
  },
  {
    name: "Errors",
    cell: (of) =>
      of.error_episodes === 0 ? (
        "none"
      ) : (
        <>
          {formatCount(of.error_episodes)}
          <span className={css.muted}>, {formatCount(of.recovered)} recovered</span>
        </>
      ),
  },
  {
    name: "People",
    cell: (of) => (of.interventions === 0 ? "nobody" : formatCount(of.interventions)),
  },
  { name: "Tokens", cell: (of) => <Tokens input={of.input_tokens} output={of.output_tokens} /> },
];

export function TotalsTable({ project, a, b }: { project: string; a: Totals; b: Totals }) {
  return (
    <table className={css.totals}>
      <caption className="visually-hidden">Both sessions in figures</caption>
      <thead>
        <tr>
          <td />
          {[a, b].map((of, at) => (
            <th key={at === 0 ? "a" : "b"} scope="col">
              <span className={css.who}>
                <span className={css.side}>{at === 0 ? "A" : "B"}</span>
                <Link
                  to="/p/$project/sessions/$session"
                  params={{ project, session: of.session_id }}
                >
                  <HostileText text={of.task || shortId(of.session_id)} inline max={200} />
                </Link>
              </span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {LINES.map(({ name, cell }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{cell(a)}</td>
            <td>{cell(b)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
