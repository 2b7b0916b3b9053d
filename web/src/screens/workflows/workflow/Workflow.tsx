/** One workflow: what runs where, what changed from version to version, and did it do good. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { environments, outcomes, versions, workflow } from "@/api/workflows";
import { fromSegment } from "@/app/address";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { TimeRange } from "@/app/screen/TimeRange";
import { counted, formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { Section } from "@/parts/Section";
import { Failed, Loading } from "@/parts/States";
import { Command } from "../pieces/Command";
import { ToWorkflows } from "../pieces/links";
import { isMissing } from "../pieces/missing";
import { NotRegistered } from "../pieces/NotRegistered";
import css from "../Workflows.module.css";
import { Environments } from "./Environments";
import { Versions } from "./Versions";

const FROM = "/p/$project/workflows/$workflow";

export function Workflow() {
  const { project, workflow: written } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const name = fromSegment(written);
  const about = useQuery(workflow(project, name));
  const listed = useInfiniteQuery(versions(project, name));
  const running = useQuery(environments(project, name));
  const effect = useQuery(outcomes(project, name, search));
  const rows = listed.data?.pages.flatMap((page) => page.versions);
  if (isMissing(about.error)) return <NotRegistered project={project} name={name} />;
  return (
    <div className={css.page} aria-busy={effect.isPlaceholderData}>
      <ScreenHead
        title={
          <>
            <span className={css.above}>
              <ToWorkflows project={project} /> ▸{" "}
            </span>
            <HostileText text={name} inline max={200} />
          </>
        }
        note={
          about.data && (
            <span className={css.facts}>
              {about.data.description && (
                <HostileText text={about.data.description} inline max={300} />
              )}
              <span>{counted(about.data.versions, "version")}</span>
            </span>
          )
        }
      >
        <Command text="quarterdeck workflow push" />
      </ScreenHead>
      <Section title="Environments">
        {running.isError && !running.data ? (
          <Failed
            error={running.error}
            what="What runs where could not be read."
            retry={() => void running.refetch()}
          />
        ) : !running.data || !rows ? (
          <Loading rows={2} what="what runs where" />
        ) : (
          <Environments
            project={project}
            name={name}
            environments={running.data.environments}
            versions={rows.map((row) => row.version)}
          />
        )}
      </Section>
      <Section
        title="Versions"
        aside={
          <TimeRange
            since={search.since ?? ""}
            onChange={(since) =>
              void navigate({ search: since ? { since } : {}, replace: true, resetScroll: false })
            }
          />
        }
      >
        {listed.isError && !rows ? (
          <Failed
            error={listed.error}
            what="The versions could not be read."
            retry={() => void listed.refetch()}
          />
        ) : !rows ? (
          <Loading rows={6} rowHeight="two-lines" what="the versions" />
        ) : (
          <>
            <Versions
              project={project}
              name={name}
              rows={rows}
              environments={running.data?.environments ?? []}
              outcomes={effect.data?.versions}
              since={search.since}
            />
            {effect.isError && !effect.data && (
              <Failed
                error={effect.error}
                what="How the versions do could not be read."
                retry={() => void effect.refetch()}
              />
            )}
            {listed.hasNextPage && (
              <div>
                <Button
                  isPending={listed.isFetchingNextPage}
                  onPress={() => void listed.fetchNextPage()}
                >
                  Show older of {formatCount(about.data?.versions)}
                </Button>
              </div>
            )}
          </>
        )}
      </Section>
    </div>
  );
}
