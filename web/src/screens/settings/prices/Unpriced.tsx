/** Models that calls have no price for: their costs are unknown, and so are sums with them. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type UnpricedModel, unpriced } from "@/api/settings";
import { formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { Empty, Failed, Loading } from "@/parts/States";

/** The prices below shall be seen too. */
const FIRST = 8;

interface Props {
  project: string;
  isAllowed: boolean;
  onSet: (model: string) => void;
}

export function Unpriced({ project, isAllowed, onSet }: Props) {
  const answer = useQuery(unpriced(project));
  const [showsAll, setShowsAll] = useState(false);
  const columns: Column<UnpricedModel>[] = [
    {
      id: "model",
      title: "Model",
      isName: true,
      grows: true,
      cell: (row) =>
        row.model ? <HostileText text={row.model} inline mono /> : "their model was not told",
    },
    {
      id: "calls",
      title: "Calls without a price",
      numeric: true,
      cell: (row) =>
        row.calls === row.all_calls
          ? `all ${formatCount(row.calls)}`
          : row.calls < row.all_calls
            ? `${formatCount(row.calls)} of ${formatCount(row.all_calls)}`
            : formatCount(row.calls),
    },
    {
      id: "sessions",
      title: "Sessions",
      numeric: true,
      cell: (row) => (
        <Link to="/p/$project/sessions" params={{ project }} search={{ q: row.q }}>
          {formatCount(row.sessions)}
        </Link>
      ),
    },
    { id: "last", title: "Last", cell: (row) => <Instant at={row.last_at} fineness="day" /> },
    {
      id: "set",
      title: <span className="visually-hidden">Acts</span>,
      numeric: true,
      cell: (row) =>
        row.model && (
          <Button
            size="small"
            isDisabled={!isAllowed}
            aria-label={`Set a price for ${visibleText(row.model, 120)}`}
            onPress={() => onSet(row.model)}
          >
            Set a price
          </Button>
        ),
    },
  ];
  return (
    <Section
      title="Models without a price"
      note="What they cost is unknown, and sums with them say so. A price that you set counts for calls that arrive from then on."
    >
      {answer.isError && !answer.data ? (
        <Failed
          error={answer.error}
          retry={() => void answer.refetch()}
          what="The models without a price could not be read."
        />
      ) : !answer.data ? (
        <Loading rows={2} what="models without a price" />
      ) : answer.data.models.length === 0 ? (
        <Empty title="Every call has a price." />
      ) : (
        <>
          <DataTable
            columns={columns}
            rows={showsAll ? answer.data.models : answer.data.models.slice(0, FIRST)}
            rowKey={(row) => row.model}
            caption="Models without a price"
          />
          {answer.data.models.length > FIRST && !showsAll && (
            <div>
              <Button look="quiet" size="small" onPress={() => setShowsAll(true)}>
                Show all {formatCount(answer.data.models.length)}
              </Button>
            </div>
          )}
        </>
      )}
    </Section>
  );
}
