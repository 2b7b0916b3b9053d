/** What agents know: entries by namespace, each with who wrote it and how many sessions read it. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { entries, namespaces, type Which } from "@/api/memory";
import { given } from "@/app/address";
import { counted } from "@/format";
import { Button } from "@/parts/Button";
import { Failed, Loading } from "@/parts/States";
import { type MemorySearch, read } from "../address";
import { Head } from "../pieces/Head";
import page from "../pieces/Memory.module.css";
import { AsOf } from "./AsOf";
import css from "./Entries.module.css";
import { Filters } from "./Filters";
import { Namespaces } from "./Namespaces";
import { NothingFound, NothingYet } from "./Nothing";
import { Rows } from "./Rows";

const FROM = "/p/$project/memory";

export type Change = (next: { [K in keyof MemorySearch]?: MemorySearch[K] | undefined }) => void;

export function Entries() {
  const { project } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const known = useQuery(namespaces(project));
  const answer = useInfiniteQuery(entries(project, whichOf(search)));
  const rows = answer.data?.pages.flatMap((one) => one.entries);
  const change: Change = (next) =>
    void navigate({
      search: (before) => given({ ...before, ...next }) as MemorySearch,
      replace: true,
      resetScroll: false,
    });
  const spaces = known.data?.namespaces ?? [];
  const total = spaces.reduce((sum, one) => sum + one.entries, 0);
  const isFiltered = Object.keys(search).length > 0;
  return (
    <div className={page.page}>
      <Head
        project={project}
        current="entries"
        note={
          total > 0
            ? `${counted(total, "entry", "entries")} in ${counted(spaces.length, "namespace")}`
            : undefined
        }
      />
      <AsOf project={project} search={search} change={change} />
      {rows?.length === 0 && !isFiltered ? (
        <NothingYet />
      ) : (
        <div className={css.columns}>
          <Namespaces search={search} spaces={known.data?.namespaces} error={known.error} />
          <div className={css.list}>
            <Filters project={project} search={search} change={change} />
            {answer.isError && !rows ? (
              <Failed
                error={answer.error}
                what="Memory could not be read."
                retry={() => void answer.refetch()}
              />
            ) : !rows ? (
              <Loading rows={8} rowHeight="two-lines" what="the entries" />
            ) : rows.length === 0 ? (
              <NothingFound search={search} change={change} total={total} />
            ) : (
              <>
                <Rows project={project} rows={rows} isDimmed={answer.isPlaceholderData} />
                {answer.hasNextPage && (
                  <div>
                    <Button
                      isPending={answer.isFetchingNextPage}
                      onPress={() => void answer.fetchNextPage()}
                    >
                      Show older entries
                    </Button>
                  </div>
                )}
              </>
            )}
          </div>
        </div>
      )}
    </div>
  );
}

function whichOf({ session, ...search }: MemorySearch): Which {
  return {
    ...search,
    environment: read(search.environment),
    scope: read(search.scope),
    session_id: session,
  };
}
