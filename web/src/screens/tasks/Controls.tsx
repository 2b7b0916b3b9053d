/** What the tree is made of: how steps are grouped, what is folded, what it is compared with. */
import { useQuery } from "@tanstack/react-query";
import { type Chosen, versionsOf } from "@/api/tasks";
import { formatCount, formatShare, formatVersion } from "@/format";
import { ToggleButton } from "@/parts/Button";
import { visibleText } from "@/parts/hostile";
import { Select } from "@/parts/Select";
import { Tag } from "@/parts/Tag";
import { type Group, SHARES, type TaskSearch, USUAL_SHARE, versions } from "./address";
import css from "./Task.module.css";

const GROUPS: readonly { id: Group; text: string; aside: string }[] = [
  { id: "action", text: "Action", aside: "tool, class of target, how it went" },
  { id: "tool", text: "Tool", aside: "whatever it was about" },
  { id: "kind", text: "Kind", aside: "tool, handoff, person, answer" },
];

interface Props {
  project: string;
  name: string;
  search: TaskSearch;
  isTable: boolean;
  change: (next: Partial<Record<keyof TaskSearch, unknown>>) => void;
}

export function Controls({ project, name, search, isTable, change }: Props) {
  const share = search.min_share ?? USUAL_SHARE;
  const steps = (SHARES as readonly number[]).includes(share)
    ? SHARES
    : [...SHARES, share].toSorted((one, two) => one - two);
  return (
    <div className={css.controls}>
      <Labelled text="Steps by">
        <Select
          label="Group steps by"
          hideLabel
          size="small"
          choices={GROUPS}
          value={search.group ?? "action"}
          onChange={(group) =>
            change({ group: group === "action" ? undefined : group, node: undefined })
          }
        />
      </Labelled>
      <Labelled text="Hide below">
        <Select
          label="Hide branches below"
          hideLabel
          size="small"
          choices={steps.map((one) => ({
            id: String(one),
            text: one === 0 ? "nothing" : formatShare(one),
          }))}
          value={String(share)}
          onChange={(one) => change({ min_share: Number(one) })}
        />
      </Labelled>
      <Compare project={project} name={name} search={search} change={change} />
      {search.q && (
        <Tag mono name={`the filter ${search.q}`} onRemove={() => change({ q: undefined })}>
          {visibleText(search.q, 80)}
        </Tag>
      )}
      <span className={css.push}>
        <ToggleButton
          size="small"
          isSelected={isTable}
          onChange={(on) => change({ view: on ? "table" : "tree" })}
        >
          Table
        </ToggleButton>
      </span>
    </div>
  );
}

function Labelled({ text, children }: { text: string; children: React.ReactNode }) {
  return (
    <span className={css.labelled}>
      <span aria-hidden className={css.muted}>
        {text}
      </span>
      {children}
    </span>
  );
}

const NONE = " none";
const PREVIOUS = " previous";
const VERSIONS = " versions";

function Compare({ project, name, search, change }: Omit<Props, "isTable">) {
  const where: Chosen = { since: search.since, until: search.until, q: search.q };
  const told = useQuery(versionsOf(project, name, where)).data ?? [];
  const two = versions(search.version);
  const known = [...new Set([...told.map((one) => one.value), ...(two ? [two.a, two.b] : [])])];
  const [newest, older] = known;
  const modes = [
    { id: NONE, text: "nothing" },
    ...(search.since || search.compare ? [{ id: PREVIOUS, text: "the period before" }] : []),
    ...(two || known.length > 1 ? [{ id: VERSIONS, text: "two versions" }] : []),
  ];
  const mode = two ? VERSIONS : search.compare ? PREVIOUS : NONE;
  const choices = known.map((version) => {
    const facet = told.find((one) => one.value === version);
    return {
      id: version,
      text: visibleText(formatVersion(version), 40),
      ...(facet ? { aside: formatCount(facet.sessions) } : {}),
    };
  });
  const choose = (chosen: string) => {
    if (chosen === NONE) change({ version: undefined, compare: undefined });
    if (chosen === PREVIOUS) change({ version: undefined, compare: "previous" });
    if (chosen === VERSIONS) change({ version: `${older}..${newest}`, compare: undefined });
  };
  return (
    <>
      <Labelled text="Compare with">
        <Select
          label="Compare with"
          hideLabel
          size="small"
          choices={modes}
          value={mode}
          onChange={choose}
        />
      </Labelled>
      {two && (
        <span className={css.labelled}>
          <Select
            label="From version"
            hideLabel
            size="small"
            choices={choices}
            value={two.a}
            onChange={(a) => change({ version: `${a}..${two.b}` })}
          />
          <span aria-hidden>→</span>
          <Select
            label="To version"
            hideLabel
            size="small"
            choices={choices}
            value={two.b}
            onChange={(b) => change({ version: `${two.a}..${b}` })}
          />
        </span>
      )}
    </>
  );
}
