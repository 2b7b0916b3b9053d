/**
 * What went wrong in a session, and what is wrong with its recording: two things that are kept
 * apart. Errors of the agents first, those that nothing recovered from before the others.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { record, rowsOfSpans, type SessionRecord } from "@/api/session";
import { counted, exactCount, formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { Failed, Loading } from "@/parts/States";
import { useModel } from "../model";
import { StepLink } from "../StepLink";
import { Episodes } from "./Episodes";
import { gapsOf } from "./gaps";
import css from "./View.module.css";

export function View() {
  const { project = "", session = "" } = useParams({ strict: false });
  const asked = useQuery(record(project, session));
  if (asked.isError) return <Failed error={asked.error} retry={() => void asked.refetch()} />;
  if (!asked.data) return <Loading rows={8} />;
  return <Problems of={asked.data} project={project} session={session} />;
}

const FINDING =
  "Two things in the recording that can't both be true, or one without which a number would mislead. No errors of the agents.";
const UNREAD =
  "Attributes that a dialect promises in another form. They are kept as sent: the raw view shows them.";

/** Step of a span, as far as it is found. */
export type StepOf = (spanId: string | null) => number | null;

function Problems({
  of,
  project,
  session,
}: {
  of: SessionRecord;
  project: string;
  session: string;
}) {
  const stepOf = useStepOf(of, project, session);
  const gaps = gapsOf(of);
  const isClean =
    of.episodes.length === 0 &&
    of.attempts.length === 0 &&
    of.data_findings.length === 0 &&
    of.problems.length === 0 &&
    gaps.length === 0;
  if (isClean) return <Clean errors={of.error_spans} />;
  return (
    <div className={css.page}>
      <Episodes of={of} stepOf={stepOf} />
      <Attempts of={of} stepOf={stepOf} />
      <Findings of={of} stepOf={stepOf} />
      <Unread of={of} />
      <Section title="Gaps" note={gaps.length > 0 && "Numbers above are of what arrived."}>
        {gaps.length === 0 ? (
          <p className={css.note}>None: every span names a parent that arrived, and has ended.</p>
        ) : (
          <ul className={css.list}>
            {gaps.map((gap) => (
              <li key={gap.what}>
                <strong>{gap.what}.</strong> {gap.means}{" "}
                {gap.inTree && (
                  <Link
                    to="/p/$project/sessions/$session/$view"
                    params={{ project, session, view: "tree" }}
                  >
                    See them in the tree
                  </Link>
                )}
              </li>
            ))}
          </ul>
        )}
      </Section>
    </div>
  );
}

function Clean({ errors }: { errors: number }) {
  return (
    <div className={css.page}>
      <p className={css.clean}>No problem was found.</p>
      <p className={css.note}>
        No call failed without being recovered from, nothing was tried twice, and the recording is
        whole: no gap, no contradiction, nothing that could not be read.
        {errors > 0 && ` ${counted(errors, "span")} ended with an error that is no failed call.`}
      </p>
    </div>
  );
}

function useStepOf(of: SessionRecord, project: string, session: string): StepOf {
  const model = useModel();
  const wanted = useMemo(() => {
    const ids = [...of.episodes, ...of.attempts, ...of.data_findings].map((one) => one.span_id);
    return [...new Set(ids.filter((id): id is string => Boolean(id)))].sort();
  }, [of]);
  const rows = useQuery(rowsOfSpans(project, session, wanted)).data;
  return (spanId) => {
    const row = spanId ? rows?.[spanId] : undefined;
    const step = row === undefined ? 0 : (model.stepAt[row] ?? 0);
    return step > 0 ? step : null;
  };
}

function Attempts({ of, stepOf }: { of: SessionRecord; stepOf: StepOf }) {
  if (of.attempts.length === 0) return null;
  return (
    <Section
      title="Retries and fallbacks"
      aside={`${counted(of.retries, "retry", "retries")}, ${counted(of.fallbacks, "fallback")}`}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys. */}
      <div className={css.scroll} tabIndex={0}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">What</th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">Because</th>
              <th scope="col" className={css.number}>
                Times
              </th>
              <th scope="col">When</th>
            </tr>
          </thead>
          <tbody>
            {of.attempts.slice(0, 200).map((one) => {
              const step = stepOf(one.span_id);
              return (
                <tr key={`${one.span_id} ${one.at} ${one.kind} ${one.to}`}>
                  <td>{step && <StepLink step={step} text={exactCount(step)} />}</td>
                  <td>{one.kind}</td>
                  <td>
                    <HostileText text={one.from} inline />
                  </td>
                  <td>{one.to === one.from ? "the same" : <HostileText text={one.to} inline />}</td>
                  <td>
                    <HostileText text={one.reason || "not told"} inline />
                  </td>
                  <td className={css.number}>{formatCount(one.count)}</td>
                  <td>
                    <Instant at={one.at} look="clock" fineness="second" />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function Findings({ of, stepOf }: { of: SessionRecord; stepOf: StepOf }) {
  return (
    <Section
      title="Contradictions and gaps in the data"
      aside={of.data_finding_count > 0 ? counted(of.data_finding_count, "finding") : ""}
      note={of.data_findings.length > 0 && FINDING}
    >
      {of.data_findings.length === 0 ? (
        <p className={css.note}>None.</p>
      ) : (
        <ul className={css.list}>
          {of.data_findings.map((finding) => {
            const step = stepOf(finding.span_id);
            return (
              <li key={`${finding.code} ${finding.message}`}>
                <code className={css.code}>{finding.code}</code>{" "}
                {finding.count > 1 && (
                  <span className={css.note}>{formatCount(finding.count)} × </span>
                )}
                <HostileText text={finding.message} max={2_000} />{" "}
                {step && <StepLink step={step} />}
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}

function Unread({ of }: { of: SessionRecord }) {
  return (
    <Section
      title="What could not be read"
      aside={of.problem_count > 0 ? counted(of.problem_count, "problem") : ""}
      note={of.problems.length > 0 && UNREAD}
    >
      {of.problems.length === 0 ? (
        <p className={css.note}>Nothing: every attribute that we know was read.</p>
      ) : (
        <ul className={css.list}>
          {of.problems.map((problem) => (
            <li key={`${problem.key} ${problem.message}`}>
              <code className={css.code}>
                <HostileText text={problem.key} mono inline />
              </code>{" "}
              <HostileText text={problem.message} max={2_000} />
            </li>
          ))}
        </ul>
      )}
      {of.problem_count > of.problems.length && (
        <p className={css.note}>
          {formatCount(of.problem_count - of.problems.length)} more are not listed.
        </p>
      )}
    </Section>
  );
}
