/**
 * Two versions: what changed by its meaning, what they are known to do, and then every part.
 *
 * What may be done and spent stands in a box on top. `n` and `p` go through the changes, `v` marks
 * one as viewed: kept in this browser, since it is about this reader.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { type Comparison, comparison, versions } from "@/api/workflows";
import { fromSegment, given, segment } from "@/app/address";
import { useKeys } from "@/app/keys/useKeys";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { counted } from "@/format";
import { ToggleButton } from "@/parts/Button";
import { Section } from "@/parts/Section";
import { Select } from "@/parts/Select";
import { Empty, Failed, Loading } from "@/parts/States";
import { type CompareSearch, rangeOf } from "../address";
import { ToWorkflow } from "../pieces/links";
import { isMissing } from "../pieces/missing";
import { NotRegistered } from "../pieces/NotRegistered";
import css from "../Workflows.module.css";
import { named } from "../words/moves";
import { byArea } from "../words/summary";
import { Changes } from "./Changes";
import own from "./Compare.module.css";
import { Effect } from "./Effect";
import { Summary } from "./Summary";
import { useViewed } from "./useViewed";

const FROM = "/p/$project/workflows/$workflow/compare/$range";

export function Compare() {
  const { project, workflow: written, range } = useParams({ from: FROM });
  const name = fromSegment(written);
  const two = rangeOf(range);
  if (!two) {
    return (
      <div className={css.page}>
        <Empty title="An address of two versions looks like 13...14." />
      </div>
    );
  }
  return <Two project={project} name={name} from={two.from} to={two.to} />;
}

interface TwoProps {
  project: string;
  name: string;
  from: string;
  to: string;
}

function Two({ project, name, from, to }: TwoProps) {
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const answer = useQuery(comparison(project, name, from, to));
  const told = answer.data;
  const change = (next: Partial<Record<keyof CompareSearch, unknown>>) =>
    void navigate({
      search: (before: CompareSearch) => given({ ...before, ...next }) as CompareSearch,
      replace: true,
      resetScroll: false,
    });
  if (isMissing(answer.error)) return <NotRegistered project={project} name={name} />;
  return (
    <div className={css.page}>
      <ScreenHead
        title={
          <>
            <span className={css.above}>
              <ToWorkflow project={project} name={name} /> ▸{" "}
            </span>
            {named(from)} → {named(to)}
          </>
        }
        note={told && counted(told.changes.length, "change")}
      >
        <Choose project={project} name={name} from={from} to={to} />
        <ToggleButton
          size="small"
          isSelected={search.look === "column"}
          onChange={(on) => change({ look: on ? "column" : undefined })}
        >
          One column
        </ToggleButton>
      </ScreenHead>
      {answer.isError && !told ? (
        <Failed
          error={answer.error}
          what="The two versions could not be compared."
          retry={() => void answer.refetch()}
        />
      ) : !told ? (
        <Loading rows={8} what="the two versions" />
      ) : (
        <Shown project={project} name={name} told={told} search={search} change={change} />
      )}
    </div>
  );
}

interface ShownProps {
  project: string;
  name: string;
  told: Comparison;
  search: CompareSearch;
  change: (next: Partial<Record<keyof CompareSearch, unknown>>) => void;
}

function Shown({ project, name, told, search, change }: ShownProps) {
  const areas = useMemo(() => byArea(told.changes), [told.changes]);
  const paths = useMemo(
    () => areas.flatMap((area) => area.changes.map((one) => one.path)),
    [areas],
  );
  const viewed = useViewed(`${project} ${name} ${told.from.version}...${told.to.version}`);
  const at = search.part === undefined ? -1 : paths.indexOf(search.part);
  const go = (by: 1 | -1) => {
    const next = paths[at < 0 ? (by > 0 ? 0 : paths.length - 1) : at + by];
    if (next !== undefined) change({ part: next });
  };
  useKeys({
    nextHit: () => go(1),
    previousChange: () => go(-1),
    viewed: () => search.part !== undefined && viewed.turn(search.part),
  });
  return (
    <>
      <div className={own.top}>
        <Summary told={told} />
        <Effect project={project} name={name} from={told.from.version} to={told.to.version} />
      </div>
      <Section
        title="Every change"
        aside={
          paths.length > 0 && (
            <span>
              {counted(paths.filter((path) => viewed.has(path)).length, "viewed", "viewed")} of{" "}
              {paths.length}
            </span>
          )
        }
        note={
          told.textual_only
            ? "Files differ only in how they are written: what they say is the same."
            : undefined
        }
      >
        {paths.length === 0 ? (
          <p className={css.muted}>The two say the same.</p>
        ) : (
          <Changes
            areas={areas}
            part={search.part}
            isColumn={search.look === "column"}
            viewed={viewed}
            onPart={(part) => change({ part })}
          />
        )}
      </Section>
    </>
  );
}

function Choose({ project, name, from, to }: TwoProps) {
  const navigate = useNavigate({ from: FROM });
  const listed = useInfiniteQuery(versions(project, name)).data?.pages ?? [];
  const numbers = listed.flatMap((page) => page.versions.map((row) => String(row.version)));
  const choices = [...new Set([...numbers, from, to])].map((id) => ({ id, text: named(id) }));
  const go = (a: string, b: string) =>
    void navigate({
      params: { project, workflow: segment(name), range: `${a}...${b}` },
      search: {},
    });
  return (
    <>
      <Select
        label="From version"
        hideLabel
        size="small"
        choices={choices}
        value={from}
        onChange={(one) => go(one, to)}
      />
      <span aria-hidden>→</span>
      <Select
        label="To version"
        hideLabel
        size="small"
        choices={choices}
        value={to}
        onChange={(one) => go(from, one)}
      />
    </>
  );
}
