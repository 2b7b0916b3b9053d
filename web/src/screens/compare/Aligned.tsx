/** The steps of both in two columns: what is the same is one folded line, the first parting marked. */
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Comparison, Run, Step } from "@/api/compare";
import { counted, formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { Duration } from "@/parts/Duration";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import { Money } from "@/parts/Money";
import { StatusBadge } from "@/parts/StatusBadge";
import css from "./Compare.module.css";
import { rangeText } from "./words";

const FIRST = 40;
const OF_A_RUN = 12;

interface Props {
  project: string;
  told: Comparison;
  /** Index of the run where they part first; -1 = nowhere. */
  parting: number;
}

export function Aligned({ project, told, parting }: Props) {
  const [most, setMost] = useState(Math.max(FIRST, parting + 10));
  const mark = useRef<HTMLLIElement>(null);
  useEffect(() => {
    // Where the beginning is long: the place that one came for is in the middle.
    if (parting > 4) mark.current?.scrollIntoView({ block: "center" });
  }, [parting]);
  if (told.runs.length === 0) return <p className={css.muted}>Neither has any steps.</p>;
  return (
    <>
      <ol className={css.runs}>
        {told.runs.slice(0, most).map((run, at) => (
          <li
            key={`${run.a_from} ${run.b_from}`}
            className={css.run}
            data-kind={run.kind}
            data-parting={at === parting || undefined}
            ref={at === parting ? mark : undefined}
          >
            {at === parting && <p className={css.mark}>They part here</p>}
            {run.kind === "equal" ? (
              <Equal run={run} />
            ) : (
              <div className={css.columns}>
                <Side
                  project={project}
                  session={told.a.session_id}
                  steps={run.a}
                  all={run.a_steps}
                  name="A"
                />
                <Side
                  project={project}
                  session={told.b.session_id}
                  steps={run.b}
                  all={run.b_steps}
                  name="B"
                />
              </div>
            )}
          </li>
        ))}
      </ol>
      {told.runs.length > most && (
        <Button size="small" onPress={() => setMost(most + FIRST)}>
          Show {formatCount(Math.min(FIRST, told.runs.length - most))} more of{" "}
          {counted(told.runs.length, "part")}
        </Button>
      )}
      {told.runs_left_out > 0 && told.runs.length <= most && (
        <p className={css.muted}>
          {counted(told.runs_left_out, "further part")} are not in this answer.
        </p>
      )}
    </>
  );
}

function Equal({ run }: { run: Run }) {
  return (
    <p className={css.equal}>
      <span className={css.sign} aria-hidden>
        =
      </span>
      {counted(run.a_steps, "equal step")}{" "}
      <span className={css.ends}>
        A {rangeText(run.a_from, run.a_to)} · B {rangeText(run.b_from, run.b_to)}
      </span>
      <span className={css.labels}>
        <HostileText text={run.labels.join(" → ")} inline max={240} />
        {run.a_steps > run.labels.length && " …"}
      </span>
    </p>
  );
}

interface SideProps {
  project: string;
  session: string;
  steps: readonly Step[];
  all: number;
  name: string;
}

function Side({ project, session, steps, all, name }: SideProps) {
  const [most, setMost] = useState(OF_A_RUN);
  if (all === 0) {
    return <p className={css.nothing}>{name} does nothing here</p>;
  }
  return (
    <ol className={css.steps} aria-label={`Steps of ${name}`}>
      {steps.slice(0, most).map((step) => (
        <li key={step.number} className={css.step}>
          <Link
            to="/p/$project/sessions/$session"
            params={{ project, session }}
            search={{ step: step.number }}
            className={css.number}
            aria-label={`step ${step.number} of ${name}`}
          >
            {formatCount(step.number)}
          </Link>
          <KindMark kind={step.kind} text="" />
          <span className={css.label}>
            <HostileText text={step.label} inline max={160} />
            {step.error && (
              <span className={css.error}>
                <HostileText text={step.error} inline max={200} />
              </span>
            )}
          </span>
          {step.status && !["ok", "unset"].includes(step.status) && (
            <StatusBadge status={step.status} />
          )}
          <span className={css.figure}>
            {step.duration_s !== null && <Duration s={step.duration_s} />}
          </span>
          <span className={css.figure}>
            {step.cost_usd !== null && <Money usd={step.cost_usd} short />}
          </span>
        </li>
      ))}
      {all > most && (
        <li>
          {steps.length > most ? (
            <Button size="small" look="quiet" onPress={() => setMost(steps.length)}>
              Show {formatCount(steps.length - most)} more
            </Button>
          ) : (
            <span className={css.muted}>{formatCount(all - steps.length)} more in the session</span>
          )}
        </li>
      )}
    </ol>
  );
}
