/** Where sessions fail more often than the rest, and what people are asked again and again. */
import { Link } from "@tanstack/react-router";
import type { HotSpots as Spots } from "@/api/tasks";
import { counted, formatCount } from "@/format";
import { type Column, DataTable } from "@/parts/DataTable";
import { DifferenceView } from "@/parts/DifferenceView";
import { Duration } from "@/parts/Duration";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { KindMark } from "@/parts/KindMark";
import { Section } from "@/parts/Section";
import type { TaskSearch } from "./address";
import css from "./Task.module.css";

type Failing = Spots["failing"][number];
type Asked = Spots["people"][number];

interface Props {
  spots: Spots;
  project: string;
  task: string;
  search: TaskSearch;
}

export function HotSpots({ spots, ...place }: Props) {
  return (
    <div className={css.spots}>
      <FailingSpots spots={spots} {...place} />
      <PeopleSpots spots={spots} {...place} />
    </div>
  );
}

function FailingSpots({ spots, ...place }: Props) {
  const columns: Column<Failing>[] = [
    {
      id: "way",
      title: "After",
      grows: true,
      isName: true,
      cell: (row) => (
        <ToNode node={row.node} {...place}>
          <WayText way={row.path} />
        </ToNode>
      ),
    },
    { id: "sessions", title: "Sessions", numeric: true, cell: (row) => formatCount(row.sessions) },
    {
      id: "failure",
      title: "Fail here",
      numeric: true,
      cell: (row) => <EstimateView estimate={row.failure} unit="rate" />,
    },
    {
      id: "elsewhere",
      title: "Fail elsewhere",
      numeric: true,
      cell: (row) => <EstimateView estimate={row.elsewhere} unit="rate" />,
    },
    {
      id: "difference",
      title: "Difference",
      numeric: true,
      cell: (row) => <DifferenceView difference={row.difference} unit="rate" />,
    },
  ];
  return (
    <Section title="Where sessions fail" note={spots.failing.length > 0 ? spots.method : undefined}>
      {spots.failing.length > 0 ? (
        <DataTable
          caption="Nodes whose sessions fail more often than all others"
          columns={columns}
          rows={spots.failing}
          rowKey={(row) => row.node}
          density="two-lines"
        />
      ) : (
        <p className={css.muted}>
          {spots.tested === 0
            ? "No node has enough sessions with a known outcome, here and elsewhere, to be compared."
            : `${counted(spots.tested, "node")} compared with the rest: at none do sessions fail so much more often that it could not be chance.`}
        </p>
      )}
    </Section>
  );
}

function PeopleSpots({ spots, ...place }: Props) {
  const columns: Column<Asked>[] = [
    {
      id: "asked",
      title: "Asked",
      grows: true,
      isName: true,
      cell: (row) => (
        <>
          <KindMark kind="human" text="" />{" "}
          {row.node ? (
            <ToNode node={row.node} {...place}>
              <HostileText text={row.label} inline max={160} />
            </ToNode>
          ) : (
            <HostileText text={row.label} inline max={160} />
          )}
        </>
      ),
    },
    { id: "sessions", title: "Sessions", numeric: true, cell: (row) => formatCount(row.sessions) },
    { id: "times", title: "Times", numeric: true, cell: (row) => formatCount(row.times) },
    {
      id: "usual",
      title: "Always the same answer?",
      cell: (row) =>
        row.usual ? <Usual row={row} /> : <span className={css.muted}>not told</span>,
    },
    {
      id: "same",
      title: "The usual one",
      numeric: true,
      cell: (row) => <EstimateView estimate={row.same_answer} unit="rate" />,
    },
    {
      id: "waited",
      title: "Agents waited",
      numeric: true,
      cell: (row) => <Duration s={row.waited_s} />,
    },
  ];
  return (
    <Section title="Where people step in">
      {spots.people.length > 0 ? (
        <DataTable
          caption="What people were asked, and what they answered"
          columns={columns}
          rows={spots.people}
          rowKey={(row) => `${row.kind} ${row.label}`}
        />
      ) : (
        <p className={css.muted}>Nobody stepped into these sessions, as far as they tell.</p>
      )}
    </Section>
  );
}

/** `86 of 88 approved` */
function Usual({ row }: { row: Asked }) {
  const most = row.answers[0];
  const others = row.answers.slice(1);
  return (
    <span
      title={
        others
          .map((one) => `${formatCount(one.times)} ${visibleText(one.decision, 80)}`)
          .join(", ") || undefined
      }
    >
      {most && row.times === most.times && row.times > 1 ? "always " : ""}
      <HostileText text={row.usual ?? ""} inline max={40} />
      {most && row.times !== most.times && (
        <span className={css.muted}>
          {" "}
          {formatCount(most.times)} of {formatCount(row.times)}
        </span>
      )}
    </span>
  );
}

interface ToNodeProps extends Omit<Props, "spots"> {
  node: string;
  children: React.ReactNode;
}

export function ToNode({ node, project, task, search, children }: ToNodeProps) {
  return (
    <Link
      to="/p/$project/tasks/$task"
      params={{ project, task }}
      search={{ ...search, node }}
      resetScroll={false}
    >
      {children}
    </Link>
  );
}

/** The end of a way is what tells it from others, so it comes first. */
export function WayText({ way }: { way: readonly string[] }) {
  const before = way.slice(0, -1);
  const near = before.slice(-3);
  const text = `${before.length > near.length ? "… → " : ""}${near.join(" → ")}`;
  return (
    <>
      <HostileText text={way.at(-1) ?? ""} inline max={120} />
      {text && (
        <span className={css.after}>
          <HostileText text={`after ${text}`} inline max={240} />
        </span>
      )}
    </>
  );
}
