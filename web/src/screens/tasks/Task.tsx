/**
 * The ways that the sessions of a task type took: which lead to success, which to a person.
 *
 * The figures are the server's; this screen puts them where they belong and opens what is folded.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ofTaskType, type TaskTree, type TreeChoice, taskTree } from "@/api/tasks";
import { fromSegment, given } from "@/app/address";
import { useKeys } from "@/app/keys/useKeys";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { TimeRange } from "@/app/screen/TimeRange";
import { counted, formatCount } from "@/format";
import { LinkButton } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Empty, Failed, Loading } from "@/parts/States";
import { SHARES, type TaskSearch, USUAL_SHARE, versions } from "./address";
import { Controls } from "./Controls";
import { FewSessions } from "./FewSessions";
import { HotSpots } from "./HotSpots";
import { Legend } from "./Legend";
import { wayTo } from "./model/forest";
import { Ended, Panel } from "./Panel";
import { Picture } from "./Picture";
import css from "./Task.module.css";
import { useTree } from "./useTree";
import { WaysTable } from "./WaysTable";

const FROM = "/p/$project/tasks/$task";
/** More boxes than this are no picture any more. */
const MOST = 240;

export function Task() {
  const { project, task } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const name = fromSegment(task);
  const two = versions(search.version);
  const choice: TreeChoice = {
    since: search.since,
    until: search.until,
    q: search.q,
    group: search.group ?? "action",
    minShare: search.min_share ?? USUAL_SHARE,
    // The period before can't be told of all time.
    compare: two ? `version:${two.a}..${two.b}` : search.since ? search.compare : undefined,
  };
  const selected = search.node ?? "";
  const told = useTree(project, name, choice, selected);
  const { tree } = told;
  const change = (next: Partial<Record<keyof TaskSearch, unknown>>) =>
    void navigate({
      search: (before: TaskSearch) => given({ ...before, ...next }) as TaskSearch,
      replace: true,
      resetScroll: false,
    });

  return (
    <div className={css.page} aria-busy={told.whole.isPlaceholderData || told.isAsking}>
      <ScreenHead
        title={<HostileText text={name} inline max={200} />}
        note={tree && <Note project={project} name={name} tree={tree} search={search} />}
      >
        <TimeRange
          since={search.since ?? ""}
          until={search.until}
          onChange={(since) => change({ since: since || undefined, until: undefined })}
        />
      </ScreenHead>
      {told.whole.isError && !tree ? (
        <>
          <Failed error={told.whole.error} retry={() => void told.whole.refetch()} />
          <p>
            <Link to="/p/$project/sessions" params={{ project }} search={{ q: ofTaskType(name) }}>
              Its sessions
            </Link>
          </p>
        </>
      ) : !tree || !told.forest ? (
        <Loading rows={10} what="the ways of its sessions" />
      ) : tree.sessions === 0 ? (
        <NoSessions project={project} task={task} search={search} />
      ) : (
        <Ways {...{ project, task, name, choice, search, tree, told, change }} />
      )}
    </div>
  );
}

interface WaysProps {
  project: string;
  /** As the address spells it. */
  task: string;
  name: string;
  choice: TreeChoice;
  search: TaskSearch;
  tree: TaskTree;
  told: ReturnType<typeof useTree>;
  change: (next: Partial<Record<keyof TaskSearch, unknown>>) => void;
}

function Ways({ project, task, name, choice, search, tree, told, change }: WaysProps) {
  const { forest, shown, turn, reset } = told;
  const [fits, setFits] = useState(false);
  const isTable = search.view ? search.view === "table" : shown.length > MOST;
  const share = choice.minShare;
  const selected = search.node ?? "";
  useKeys({
    table: () => change({ view: isTable ? "tree" : "table" }),
    sort: () => selected && change({ sessions: search.sessions ? undefined : true }),
    zoomIn: () => change({ min_share: SHARES.findLast((one) => one < share) ?? 0 }),
    zoomOut: () => change({ min_share: SHARES.find((one) => one > share) ?? share }),
    zoomAll: () => {
      reset();
      setFits(!fits);
    },
    leave: () => change({ node: undefined, sessions: undefined }),
  });
  const select = useMemo(() => (node: string) => change({ node }), [change]);
  if (!forest) return null;
  return (
    <>
      {!tree.is_enough && <FewSessions project={project} name={name} choice={choice} tree={tree} />}
      <section className={css.frame} aria-label="The ways of its sessions">
        <Controls project={project} name={name} search={search} isTable={isTable} change={change} />
        <div className={css.body} data-panel={selected !== "" || undefined}>
          {isTable ? (
            <div className={css.table}>
              <WaysTable forest={forest} project={project} task={task} search={search} />
            </div>
          ) : (
            <Picture
              forest={forest}
              shown={shown}
              selected={selected}
              label={`Ways of ${name}`}
              fits={fits}
              onSelect={select}
              onTurn={turn}
            />
          )}
          {selected && (
            <Selected {...{ project, name, choice, search, tree, told, change }} id={selected} />
          )}
        </div>
        {!isTable && <Legend compares={tree.compare.length > 0} />}
      </section>
      {tree.hot_spots && tree.is_enough && (
        <HotSpots spots={tree.hot_spots} project={project} task={task} search={search} />
      )}
    </>
  );
}

type SelectedProps = Omit<WaysProps, "task"> & { id: string };

/** Also a node of a branch that is folded here: it is asked for by its id. */
function Selected({ project, name, choice, search, tree, told, change, id }: SelectedProps) {
  const here = told.forest?.nodes.get(id);
  const alone = useQuery({ ...taskTree(project, name, choice, id), enabled: !here });
  const node = here ?? alone.data?.nodes.find((one) => one.id === id);
  const close = () => change({ node: undefined, sessions: undefined });
  if (!node) {
    return (
      <section className={css.none} aria-label="The selected node">
        {alone.isPending ? (
          <Loading rows={5} what="the node" />
        ) : (
          <Empty title="No session of this selection came to that node.">
            <LinkButton
              from={FROM}
              to="."
              search={(before: TaskSearch) => given({ ...before, node: undefined })}
            >
              Close
            </LinkButton>
          </Empty>
        )}
      </section>
    );
  }
  const way = told.forest ? wayTo(told.forest, id).slice(0, -1) : [];
  return (
    <Panel
      project={project}
      task={name}
      choice={choice}
      node={node}
      way={way.flatMap((one) => told.forest?.nodes.get(one) ?? [])}
      total={tree.read}
      sides={tree.compare.map((side) => side.label)}
      showsSessions={search.sessions === true}
      onSessions={(shown) => change({ sessions: shown || undefined })}
      onClose={close}
    />
  );
}

interface NoteProps {
  project: string;
  name: string;
  tree: TaskTree;
  search: TaskSearch;
}

function Note({ project, name, tree, search }: NoteProps) {
  const q = [ofTaskType(name), search.q].filter(Boolean).join(" ");
  return (
    <span className={css.note}>
      <Link
        to="/p/$project/sessions"
        params={{ project }}
        search={given({ q, since: search.since, until: search.until }) as { q: string }}
      >
        {counted(tree.sessions, "session")}
      </Link>
      <Ended counts={tree.outcomes} />
      {tree.compare.length > 0 && (
        <span>
          {tree.compare
            .map((side) => `${visibleText(side.label, 60)}: ${formatCount(side.read)}`)
            .join(" → ")}
        </span>
      )}
      {tree.not_yet_read > 0 && (
        <span>{formatCount(tree.not_yet_read)} not in the tree yet: their way was not read</span>
      )}
      {tree.cut > 0 && <span>{formatCount(tree.cut)} with a way too long to keep whole</span>}
      {tree.read >= tree.cap && <span>the newest {formatCount(tree.cap)}</span>}
    </span>
  );
}

function NoSessions({
  project,
  task,
  search,
}: {
  project: string;
  task: string;
  search: TaskSearch;
}) {
  const isFiltered = Boolean(search.since || search.until || search.q);
  return (
    <Empty
      title={
        isFiltered
          ? "No session of this task type in this selection."
          : "No session names this task type."
      }
    >
      {isFiltered && (
        <LinkButton to={FROM} params={{ project, task }} search={{}}>
          Look at all time
        </LinkButton>
      )}{" "}
      <LinkButton to="/p/$project/tasks" params={{ project }} look="quiet">
        All task types
      </LinkButton>
    </Empty>
  );
}
