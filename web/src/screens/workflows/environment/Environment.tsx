/** One environment: what runs there, since when and why, and every move that led to it. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import {
  type EnvironmentShown,
  environment,
  environments,
  outcomes,
  workflow,
} from "@/api/workflows";
import { fromSegment, segment } from "@/app/address";
import { useKeys } from "@/app/keys/useKeys";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { Button, LinkButton } from "@/parts/Button";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { Empty, Failed, Loading } from "@/parts/States";
import { ReleaseDialog } from "../acts/ReleaseDialog";
import { Rollback } from "../acts/Rollback";
import { useMayMove } from "../acts/useMay";
import { ToVersion, ToWorkflow } from "../pieces/links";
import { Moves } from "../pieces/Moves";
import { isMissing } from "../pieces/missing";
import { Shares } from "../pieces/Shares";
import css from "../Workflows.module.css";
import { actorWords } from "../words/moves";
import { outcomesOf } from "../words/outcomes";
import own from "./Environment.module.css";

const FROM = "/p/$project/workflows/$workflow/environments/$environment";

export function Environment() {
  const { project, workflow: written, environment: which } = useParams({ from: FROM });
  const name = fromSegment(written);
  const where = fromSegment(which);
  const answer = useInfiniteQuery(environment(project, name, where));
  const now = answer.data?.pages[0];
  const moves = answer.data?.pages.flatMap((page) => page.moves) ?? [];
  return (
    <div className={css.page}>
      <ScreenHead
        title={
          <>
            <span className={css.above}>
              <ToWorkflow project={project} name={name} /> ▸{" "}
            </span>
            <HostileText text={where} inline max={120} />
          </>
        }
      >
        {now && <Acts project={project} of={now} />}
      </ScreenHead>
      {isMissing(answer.error) ? (
        <Empty title="Nothing was ever released here.">
          <LinkButton
            to="/p/$project/workflows/$workflow"
            params={{ project, workflow: segment(name) }}
          >
            The workflow
          </LinkButton>
        </Empty>
      ) : answer.isError && !now ? (
        <Failed
          error={answer.error}
          what="What runs here could not be read."
          retry={() => void answer.refetch()}
        />
      ) : !now ? (
        <Loading rows={6} what="what runs here" />
      ) : (
        <>
          <Now project={project} of={now} />
          <Section title="Moves">
            <Moves moves={moves} />
            {answer.hasNextPage && (
              <div>
                <Button
                  isPending={answer.isFetchingNextPage}
                  onPress={() => void answer.fetchNextPage()}
                >
                  Show older moves
                </Button>
              </div>
            )}
          </Section>
        </>
      )}
    </div>
  );
}

function Now({ project, of }: { project: string; of: EnvironmentShown }) {
  return (
    <section className={own.now} aria-label="Runs now">
      <Shares project={project} of={of} />
      <p className={own.since}>
        since <Instant at={of.since} />, <HostileText text={actorWords(of.by)} inline max={120} />
        {of.reason && (
          <>
            : <HostileText text={of.reason} inline max={400} />
          </>
        )}
      </p>
      {of.candidate && (
        <p className={own.since}>
          Decided for each {of.sticky_by}: a session keeps the version that it began with.
        </p>
      )}
      <Effect project={project} of={of} />
    </section>
  );
}

/** How what runs here does, here. */
function Effect({ project, of }: { project: string; of: EnvironmentShown }) {
  const { data } = useQuery(outcomes(project, of.workflow, { environment: of.environment }));
  const running = [of.stable, ...(of.candidate ? [of.candidate] : [])];
  const rows = running.flatMap(({ version }) => {
    const told = outcomesOf(data?.versions, version);
    return told ? [{ version, told }] : [];
  });
  if (rows.length === 0) return null;
  return (
    <ul className={own.effect}>
      {rows.map(({ version, told }) => (
        <li key={version}>
          <ToVersion project={project} name={of.workflow} version={version} /> completion{" "}
          <EstimateView
            estimate={told.completion}
            unit="rate"
            unknown={told.sessions - told.known}
          />
        </li>
      ))}
    </ul>
  );
}

function Acts({ project, of }: { project: string; of: EnvironmentShown }) {
  const mayMove = useMayMove(project);
  const [open, setOpen] = useState<"back" | "release" | null>(null);
  const about = useQuery(workflow(project, of.workflow)).data;
  const others = useQuery(environments(project, of.workflow)).data?.environments ?? [of];
  useKeys({
    rollback: (event) => {
      event.preventDefault();
      if (mayMove) setOpen("back");
    },
  });
  const numbers = Array.from({ length: about?.latest ?? 0 }, (_, at) => (about?.latest ?? 0) - at);
  return (
    <>
      <Button size="small" isDisabled={!mayMove} onPress={() => setOpen("back")}>
        Roll back…
      </Button>
      {of.candidate ? (
        <LinkButton
          size="small"
          to="/p/$project/workflows/$workflow/releases/$release"
          params={{ project, workflow: segment(of.workflow), release: of.release_id }}
        >
          Open release
        </LinkButton>
      ) : (
        <Button size="small" isDisabled={!mayMove || !about} onPress={() => setOpen("release")}>
          Release…
        </Button>
      )}
      {open === "back" && <Rollback project={project} of={of} onClose={() => setOpen(null)} />}
      {open === "release" && about && (
        <ReleaseDialog
          project={project}
          name={of.workflow}
          versions={numbers.slice(0, 100)}
          version={about.latest}
          environment={of.environment}
          environments={others}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}
