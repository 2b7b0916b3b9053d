/** The namespaces of each environment with what is found in them now. */
import { Link, useParams } from "@tanstack/react-router";
import type { Namespace } from "@/api/memory";
import { given } from "@/app/address";
import { exactCount, formatCount } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Failed, Loading } from "@/parts/States";
import { type MemorySearch, written } from "../address";
import { environmentWords } from "../words/places";
import css from "./Entries.module.css";

interface Props {
  search: MemorySearch;
  spaces: readonly Namespace[] | undefined;
  error: unknown;
}

export function Namespaces({ search, spaces, error }: Props) {
  if (error && !spaces) return <Failed error={error} what="The namespaces could not be read." />;
  if (!spaces) return <Loading rows={4} rowHeight="compact" what="the namespaces" />;
  const environments = [...new Set(spaces.map((one) => one.environment))];
  return (
    <nav className={css.spaces} aria-label="Namespaces">
      <Space
        search={search}
        of={{}}
        text="All namespaces"
        entries={spaces.reduce((sum, one) => sum + one.entries, 0)}
      />
      {environments.map((environment) => {
        const here = spaces.filter((one) => one.environment === environment);
        return (
          <section key={environment} aria-label={environmentWords(environment)}>
            <h2 className={css.environment}>
              <HostileText text={environmentWords(environment)} inline max={80} />
            </h2>
            {here.map((one) => (
              <Space
                key={one.namespace}
                search={search}
                of={{ environment: written(environment), namespace: one.namespace }}
                text={one.namespace}
                entries={one.entries}
              />
            ))}
          </section>
        );
      })}
    </nav>
  );
}

interface SpaceProps {
  search: MemorySearch;
  of: Pick<MemorySearch, "environment" | "namespace">;
  text: string;
  entries: number;
}

function Space({ search, of, text, entries }: SpaceProps) {
  const { project } = useParams({ from: "/p/$project/memory" });
  const { environment: _, namespace: __, ...rest } = search;
  const isCurrent = search.environment === of.environment && search.namespace === of.namespace;
  return (
    <Link
      to="/p/$project/memory"
      params={{ project }}
      search={given({ ...rest, ...of })}
      className={css.space}
      activeProps={{}}
      data-current={isCurrent || undefined}
      {...(isCurrent ? { "aria-current": "true" as const } : { "aria-current": "false" as const })}
    >
      <HostileText text={text} inline max={120} />
      <span className={css.count} title={exactCount(entries)}>
        {formatCount(entries)}
      </span>
    </Link>
  );
}
