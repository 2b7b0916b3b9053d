/**
 * Two sessions side by side: totals, where they part and what differed in the input there, and
 * their steps aligned with equal ones folded. What is equal is the server's to say.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeftRight } from "lucide-react";
import { type Comparison, comparison } from "@/api/compare";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { counted, formatCount, formatShare } from "@/format";
import { LinkButton } from "@/parts/Button";
import { Section } from "@/parts/Section";
import { Failed, Loading } from "@/parts/States";
import { Aligned } from "./Aligned";
import { Chooser } from "./Chooser";
import css from "./Compare.module.css";
import { Parting } from "./Parting";
import { TotalsTable } from "./TotalsTable";

/** Ids of sessions; "" where it is still to be chosen. */
export function Compare({ a, b }: { a: string; b: string }) {
  const { project = "" } = useParams({ strict: false });
  return (
    <div className={css.page}>
      {a && b ? (
        <Both project={project} a={a} b={b} />
      ) : (
        <Chooser project={project} known={a || b} isFirst={a !== ""} />
      )}
    </div>
  );
}

function Both({ project, a, b }: { project: string; a: string; b: string }) {
  const answer = useQuery(comparison(project, a, b));
  const told = answer.data;
  return (
    <>
      <ScreenHead title="Two sessions" note={told && <Likeness told={told} />}>
        <LinkButton
          size="small"
          look="quiet"
          icon={<ArrowLeftRight size={16} strokeWidth={1.5} aria-hidden />}
          to="/p/$project/sessions/$session"
          params={{ project, session: `${b}...${a}` }}
        >
          Swap
        </LinkButton>
        <LinkButton
          size="small"
          to="/p/$project/sessions/$session"
          params={{ project, session: `${a}...` }}
        >
          Choose another
        </LinkButton>
      </ScreenHead>
      {answer.isError ? (
        <Failed
          what="The two could not be compared."
          error={answer.error}
          retry={() => void answer.refetch()}
        />
      ) : !told ? (
        <Loading rows={12} what="both sessions" />
      ) : (
        <Shown project={project} told={told} />
      )}
    </>
  );
}

function Likeness({ told }: { told: Comparison }) {
  const { similarity, equal_steps } = told;
  return (
    <>
      {counted(equal_steps, "step")} the same in both
      {similarity !== null &&
        `, ${formatShare(similarity)} of the ${formatCount(told.a.steps + told.b.steps)} of both`}
      {!told.is_exact && " · so different that parts were aligned by landmarks only"}
    </>
  );
}

function Shown({ project, told }: { project: string; told: Comparison }) {
  const first = told.runs.findIndex((run) => run.kind !== "equal");
  return (
    <>
      <TotalsTable project={project} a={told.a} b={told.b} />
      <Parting project={project} told={told} />
      <Section
        title="Step by step"
        note="Equal steps are folded. Steps are equal where the same was decided, whatever the words."
        aside={told.rejoins.length > 0 && <Rejoins told={told} project={project} />}
      >
        <Aligned project={project} told={told} parting={first} />
      </Section>
    </>
  );
}

function Rejoins({ project, told }: { project: string; told: Comparison }) {
  const last = told.rejoins.at(-1);
  if (!last) return null;
  return (
    <span className={css.rejoins}>
      they rejoin {counted(told.rejoins.length, "time")}, last at{" "}
      <Link
        to="/p/$project/sessions/$session"
        params={{ project, session: told.a.session_id }}
        search={{ step: last.a_step }}
      >
        step {formatCount(last.a_step)}
      </Link>{" "}
      and{" "}
      <Link
        to="/p/$project/sessions/$session"
        params={{ project, session: told.b.session_id }}
        search={{ step: last.b_step }}
      >
        step {formatCount(last.b_step)}
      </Link>
    </span>
  );
}
