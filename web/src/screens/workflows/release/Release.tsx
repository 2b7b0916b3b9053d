/**
 * A canary: the rule it is judged by, how both versions do, what is still missing, and what can be
 * done about it.
 *
 * The figures, the verdict and what the watch will do by itself are the server's; the band is for
 * looking at any time, so it is true however often this page is opened.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type ReleaseShown, release } from "@/api/workflows";
import { fromSegment, segment } from "@/app/address";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { formatDuration, formatShare, instantMs } from "@/format";
import { DifferenceOverTime } from "@/parts/charts/DifferenceOverTime";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { Failed, Loading } from "@/parts/States";
import { ToWorkflow } from "../pieces/links";
import { Moves } from "../pieces/Moves";
import { Shares } from "../pieces/Shares";
import css from "../Workflows.module.css";
import { named } from "../words/moves";
import { isUndecided, stateWords, verdictWords } from "../words/release";
import { asSentence } from "../words/rule";
import { sessionsOf } from "../words/sessions";
import { Acts } from "./Acts";
import { Arms } from "./Arms";
import own from "./Release.module.css";

const FROM = "/p/$project/workflows/$workflow/releases/$release";

export function Release() {
  const { project, workflow: written, release: id } = useParams({ from: FROM });
  const name = fromSegment(written);
  const answer = useQuery(release(project, id));
  const of = answer.data;
  return (
    <div className={css.page}>
      <ScreenHead
        title={
          <>
            <span className={css.above}>
              <ToWorkflow project={project} name={name} /> ▸{" "}
            </span>
            {of ? (
              <>
                {named(of.candidate.version)} in{" "}
                <HostileText text={of.environment} inline max={80} />
              </>
            ) : (
              "Release"
            )}
          </>
        }
        note={of && <About project={project} of={of} />}
      />
      {answer.isError && !of ? (
        <Failed
          error={answer.error}
          what="The release could not be read."
          retry={() => void answer.refetch()}
        />
      ) : !of ? (
        <Loading rows={8} what="the release" />
      ) : (
        <Shown project={project} of={of} />
      )}
    </div>
  );
}

function About({ project, of }: { project: string; of: ReleaseShown }) {
  const took =
    (instantMs(of.ended_at ?? undefined) ?? Date.now()) - (instantMs(of.started_at) ?? 0);
  return (
    <span className={css.facts}>
      <span>
        {stateWords(of.state)}
        {of.state === "running" || of.state === "held" ? ` with ${formatShare(of.share)}` : ""}
      </span>
      <span>
        since <Instant at={of.started_at} />, {formatDuration({ ms: took })}
      </span>
      <Link
        to="/p/$project/workflows/$workflow/environments/$environment"
        params={{
          project,
          workflow: segment(of.workflow),
          environment: segment(of.environment),
        }}
      >
        Environment
      </Link>
      <Link
        to="/p/$project/workflows/$workflow/compare/$range"
        params={{
          project,
          workflow: segment(of.workflow),
          range: `${of.stable.version}...${of.candidate.version}`,
        }}
      >
        What changed
      </Link>
    </span>
  );
}

function Shown({ project, of }: { project: string; of: ReleaseShown }) {
  const { watch } = of;
  const isOn = of.state === "running" || of.state === "held";
  return (
    <>
      <section className={own.verdict} aria-label="Verdict" data-verdict={watch?.verdict}>
        {isOn && <Shares project={project} of={of} />}
        <p className={own.word}>{verdictWords(watch?.verdict ?? of.verdict)}</p>
        {watch?.why && (
          <p>
            <HostileText text={asSentence(watch.why)} max={600} />
          </p>
        )}
        {watch?.notes.map((note) => (
          <p key={note} className={css.small}>
            <HostileText text={note} max={600} />
          </p>
        ))}
        {watch && (
          <p className={css.small}>
            <HostileText text={watch.rule} max={2_000} />{" "}
            {watch.checked_at && (
              <>
                Looked at <Instant at={watch.checked_at} look="ago" />.
              </>
            )}
          </p>
        )}
        <Announced of={of} />
        {isOn && <Acts project={project} of={of} isUndecided={isUndecided(watch?.verdict)} />}
      </section>
      {watch && (
        <>
          <Section
            title="The two versions"
            aside={<BadSessions project={project} of={of} />}
            note="The interval of a difference is for looking at any time: opening this page often makes it no less true. Those of each version are for one look."
          >
            <Arms of={of} metrics={watch.metrics} project={project} />
          </Section>
          <Section
            title="Completion, difference over time"
            note={`${named(of.candidate.version)} minus ${named(of.stable.version)}, in points, with the band that holds at any time; dotted: the limit.`}
          >
            <DifferenceOverTime
              label={`Completion of ${named(of.candidate.version)} minus ${named(of.stable.version)}, in points`}
              unit="rate"
              limit={watch.limit}
              sides={[named(of.stable.version), named(of.candidate.version)]}
              points={watch.curve.map((point) => ({
                ...point,
                n: [point.n_stable, point.n_candidate] as const,
              }))}
            />
          </Section>
        </>
      )}
      <Section title="Log">
        <Moves moves={of.moves} />
      </Section>
    </>
  );
}

/** What will happen by itself is said before it happens. */
function Announced({ of }: { of: ReleaseShown }) {
  if (of.state === "held") {
    return <p className={css.notice}>Held: the share stays, and nothing happens by itself.</p>;
  }
  if (of.state !== "running" || !of.watch) return null;
  const { action, announced } = of.watch;
  const next =
    action === "rollback"
      ? `By the rule it is time to roll back to ${named(of.stable.version)}. `
      : action === "promote"
        ? `By the rule it is time to promote ${named(of.candidate.version)}. `
        : "";
  return (
    <p className={css.notice}>
      {next && <strong>{next}</strong>}
      {announced}
    </p>
  );
}

function BadSessions({ project, of }: { project: string; of: ReleaseShown }) {
  const of_ = (outcome?: string) =>
    sessionsOf({
      workflow: of.workflow,
      version: of.candidate.version,
      environment: of.environment,
      ...(outcome ? { outcome } : {}),
    });
  const since = { since: of.started_at };
  return (
    <span className={css.facts}>
      <Link to="/p/$project/sessions" params={{ project }} search={{ q: of_("failure"), ...since }}>
        Failed sessions of {named(of.candidate.version)}
      </Link>
      <Link to="/p/$project/sessions" params={{ project }} search={{ q: of_(), ...since }}>
        all of them
      </Link>
    </span>
  );
}
