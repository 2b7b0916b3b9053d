/** No session passes: how many there would be otherwise, and each way to widen the filter. */
import { useQueries } from "@tanstack/react-query";
import { facets, type Which } from "@/api/sessions";
import { formatCount } from "@/format";
import { Button, LinkButton } from "@/parts/Button";
import { visibleText } from "@/parts/hostile";
import { Empty, FilteredEmpty, Loading } from "@/parts/States";
import { termsOf, withoutTerm } from "./filter/terms";

const MOST = 6;

interface Props {
  readonly project: string;
  readonly which: Which;
  readonly onChange: (which: Which) => void;
}

export function NothingMatches({ project, which, onChange }: Props) {
  const q = which.q ?? "";
  const ways = [
    ...(which.since || which.until
      ? [{ text: "Widen to all time", which: { q: which.q } as Which }]
      : []),
    ...termsOf(q)
      .slice(0, MOST)
      .map((term) => ({
        text: `Remove ${visibleText(term.text, 60)}`,
        which: { ...which, q: withoutTerm(q, term) || undefined } as Which,
      })),
    ...(q ? [{ text: "Remove the filter", which: { ...which, q: undefined } as Which }] : []),
    ...(q && which.since ? [{ text: "Show all sessions of all time", which: {} as Which }] : []),
  ];
  const month = q === "" && !which.since ? [] : [{ since: "30d" }, {}];
  const answers = useQueries({
    queries: [...month, ...ways.map((way) => way.which)].map((one) => facets(project, one)),
  });
  const totals = answers.map((answer) => answer.data?.total ?? null);
  const [lastMonth, ever] = month.length > 0 ? totals : [0, 0];
  if (answers.some((answer) => answer.isPending)) return <Loading rows={2} />;
  if (month.length === 0 || ever === 0) {
    return (
      <Empty title="Sessions will stand here: what an agent was asked, what it did and how it ended.">
        <LinkButton to="/p/$project/welcome" params={{ project }}>
          Connect an agent
        </LinkButton>
      </Empty>
    );
  }
  const otherwise =
    lastMonth && lastMonth > 0
      ? `${formatCount(lastMonth)} in the last 30 days.`
      : `${formatCount(ever ?? 0)} since ever.`;
  return (
    <FilteredEmpty title="No session matches." otherwise={otherwise}>
      {ways
        .map((way, index) => ({ ...way, gives: totals[month.length + index] ?? 0 }))
        .filter((way) => way.gives > 0)
        .map((way) => (
          <Button key={way.text} onPress={() => onChange(way.which)}>
            {way.text} ({formatCount(way.gives)})
          </Button>
        ))}
    </FilteredEmpty>
  );
}
