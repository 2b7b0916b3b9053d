/** The parts in their states; the figures are made up for it. */
import { Download, Trash2 } from "lucide-react";
import { useState } from "react";
import { Refused } from "@/api/client";
import type { Difference, Estimate } from "@/format";
import { Badge } from "@/parts/Badge";
import { Button, IconButton, LinkButton, ToggleButton } from "@/parts/Button";
import { Checkbox } from "@/parts/Checkbox";
import { CodeBlock } from "@/parts/CodeBlock";
import { ComboBox } from "@/parts/ComboBox";
import { CopyButton } from "@/parts/CopyButton";
import { DataTable } from "@/parts/DataTable";
import { ConfirmByName, Dialog } from "@/parts/Dialog";
import { DifferenceView } from "@/parts/DifferenceView";
import { Disclosure } from "@/parts/Disclosure";
import { Duration } from "@/parts/Duration";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { KeyHint } from "@/parts/KeyHint";
import { KindMark } from "@/parts/KindMark";
import { MarkdownText } from "@/parts/MarkdownText";
import { Menu, MenuItem, MenuSection, MenuSeparator } from "@/parts/Menu";
import { Money } from "@/parts/Money";
import { OUTCOMES, OutcomeBadge } from "@/parts/OutcomeBadge";
import { Popover } from "@/parts/Popover";
import { SearchField } from "@/parts/SearchField";
import { Section } from "@/parts/Section";
import { Select } from "@/parts/Select";
import { SessionId } from "@/parts/SessionId";
import { Empty, Failed, FilteredEmpty, Loading, NotAllowed, Stale } from "@/parts/States";
import { StatusBadge } from "@/parts/StatusBadge";
import { Switch } from "@/parts/Switch";
import { Tabs } from "@/parts/Tabs";
import { Tag } from "@/parts/Tag";
import { TextField } from "@/parts/TextField";
import { say, ToastRegion } from "@/parts/Toasts";
import { Tokens } from "@/parts/Tokens";
import { Version } from "@/parts/Version";
import { Charts } from "./Charts";
import css from "./Gallery.module.css";
import { lots, NASTY, rate } from "./made-up";

const DIFFERENCES: Difference[] = [
  { value: -0.17, low: -0.38, high: 0.13, verdict: "not_enough_data" },
  { value: 0.11, low: 0.02, high: 0.2, verdict: "better" },
  { value: 0.01, low: -0.02, high: 0.04, verdict: "no_difference_found" },
];
const COST: Estimate = {
  value: "3.10",
  n: 388,
  interval: { low: 2.8, high: 3.5, confidence: 0.95, method: "delta" },
};
const ROWS = [
  { id: "sess_0123456789abc123", outcome: "failure", s: 6300, usd: "47.82", shape: 3 },
  { id: "sess_99887766554433aa", outcome: "success", s: 33.2, usd: "0.0231", shape: 1 },
  { id: "sess_aabbccddeeff0011", outcome: "unknown", s: null, usd: null, shape: 2 },
];
const REFUSED = new Refused(
  400,
  "invalid",
  "no field 'outcom' in a filter",
  "Did you mean outcome?",
);
const FORBIDDEN = new Refused(403, "forbidden", "this needs the scope admin", "");

export function Gallery() {
  return (
    <main className={css.page}>
      <h1>Parts</h1>
      <Controls />
      <Fields />
      <Figures />
      <Texts />
      <States />
      <Charts />
      <ToastRegion />
    </main>
  );
}

function Controls() {
  const [isOpen, setOpen] = useState(false);
  const [confirms, setConfirms] = useState(false);
  const [on, setOn] = useState(true);
  return (
    <Section title="Buttons and layers">
      <div className={css.line}>
        <Button look="primary">Make a case</Button>
        <Button icon={<Download aria-hidden />}>Export</Button>
        <Button look="quiet">Cancel</Button>
        <Button look="danger">Delete project</Button>
        <Button isDisabled>Disabled</Button>
        <Button isPending>Pending</Button>
        <Button size="small">Small</Button>
        <IconButton label="Delete">
          <Trash2 aria-hidden />
        </IconButton>
        <ToggleButton isSelected={on} onChange={setOn}>
          Live
        </ToggleButton>
        <LinkButton to="/">A link</LinkButton>
        <CopyButton text="copied" what="text" />
      </div>
      <div className={css.line}>
        <Menu
          trigger={<Button>Mark…</Button>}
          label="Mark as"
          onAction={(id) => say(`Marked ${id}`)}
        >
          <MenuSection title="Outcome">
            <MenuItem id="success" text="Success" aside={<KeyHint keys="s" />} />
            <MenuItem id="failure" text="Failure" />
          </MenuSection>
          <MenuSeparator />
          <MenuItem id="delete" text="Delete" icon={<Trash2 />} isDisabled />
        </Menu>
        <Popover trigger={<Button>Time</Button>} label="Time">
          <p>Anything that is more than a menu.</p>
        </Popover>
        <Button onPress={() => setOpen(true)}>Dialog</Button>
        <Button onPress={() => setConfirms(true)}>Confirm</Button>
        <Button onPress={() => say("Deleted 3 sessions", { text: "Undo", run: () => {} })}>
          Toast
        </Button>
        <Dialog
          title="Set a price"
          isOpen={isOpen}
          onClose={() => setOpen(false)}
          buttons={<Button look="primary">Set price</Button>}
        >
          <TextField label="Price per million tokens, input" mono hint="In US dollars." />
        </Dialog>
        <ConfirmByName
          title="Delete this project?"
          isOpen={confirms}
          onClose={() => setConfirms(false)}
          name="acme"
          act="Delete project"
          onConfirm={() => setConfirms(false)}
        >
          <p>1,204 sessions, 3.1 GB. They can't be brought back.</p>
        </ConfirmByName>
      </div>
      <Tabs
        label="Views"
        current="replay"
        tabs={[
          { id: "replay", text: "Replay", link: { to: "/" }, hint: "1" },
          { id: "timeline", text: "Timeline", link: { to: "/" }, hint: "2" },
          { id: "people", text: "People", link: { to: "/" }, count: 3 },
        ]}
      />
      <Disclosure title="4 attempts of one call" aside="$3.10">
        <p>What the viewer opened stays open.</p>
      </Disclosure>
      <div className={css.line}>
        <Tag>billing</Tag>
        <Tag onRemove={() => {}} name="tool:bash" mono>
          tool:bash
        </Tag>
        <Badge>12</Badge>
        <Badge look="strong" label="waiting for you">
          3
        </Badge>
        <KeyHint keys="$mod+k" />
        <KeyHint keys="g s" />
        <KeyHint keys="Shift+J" />
        <Checkbox defaultSelected>Include tests</Checkbox>
        <Checkbox isIndeterminate>Some</Checkbox>
        <Checkbox isDisabled>Not now</Checkbox>
        <Switch defaultSelected>Skip waits</Switch>
        <Switch isDisabled>Off</Switch>
      </div>
    </Section>
  );
}

function Fields() {
  const [version, setVersion] = useState<"13" | "14" | null>("14");
  const [model, setModel] = useState("gpt-5");
  return (
    <Section title="Fields">
      <div className={css.columns}>
        <TextField label="Name" hint="As it stands in addresses." defaultValue="acme" />
        <TextField
          label="Pattern"
          mono
          error="This is no pattern: a bracket is left open."
          defaultValue="(sk-"
        />
        <TextField label="Pasted text" lines={3} placeholder="Paste a line of a log" />
        <SearchField
          label="Filter"
          placeholder="outcome:failure tool:bash"
          defaultValue="tool:bash"
        />
        <Select
          label="Version"
          choices={[
            { id: "14", text: "v14", aside: "61 sessions" },
            { id: "13", text: "v13", aside: "82 sessions" },
          ]}
          value={version}
          onChange={setVersion}
        />
        <ComboBox
          label="Model"
          choices={["gpt-5", "gpt-5.1", "claude-4"].map((id) => ({ id, text: id }))}
          value={model}
          onChange={setModel}
          allowsCustom
        />
      </div>
    </Section>
  );
}

function Figures() {
  return (
    <Section title="Figures" aside="last 7 days · UTC" note="Each with what makes it sure.">
      <div className={css.line}>
        {Object.keys(OUTCOMES).map((label) => (
          <OutcomeBadge key={label} label={label} />
        ))}
        <OutcomeBadge label="failure" size="large" source="evaluator" />
        <OutcomeBadge label="success" size="small" />
      </div>
      <div className={css.line}>
        {["open", "waiting_for_human", "closed", "error", "recovered"].map((status) => (
          <StatusBadge key={status} status={status} aside={status === "open" ? "step 212" : ""} />
        ))}
      </div>
      <div className={css.line}>
        {[
          "agent",
          "model",
          "tool",
          "retrieval",
          "human",
          "memory",
          "guardrail",
          "evaluation",
          "step",
          "handoff",
        ].map((kind) => (
          <KindMark key={kind} kind={kind} />
        ))}
      </div>
      <div className={css.line}>
        <EstimateView
          estimate={rate(0.87, 143)}
          unit="rate"
          look="large"
          label="Task completion"
          definition="Successes / sessions with a known outcome."
          to={{ to: "/" }}
        />
        <EstimateView estimate={rate(0.87, 143)} unit="rate" to={{ to: "/" }} />
        <EstimateView estimate={rate(0, 12)} unit="rate" />
        <EstimateView estimate={rate(1, 3)} unit="rate" look="stacked" />
        <EstimateView estimate={rate(null, 0)} unit="rate" unknown={31} />
        <EstimateView estimate={COST} unit="USD" />
      </div>
      <div className={css.line}>
        {DIFFERENCES.map((difference) => (
          <DifferenceView key={difference.verdict} difference={difference} unit="rate" />
        ))}
      </div>
      <div className={css.line}>
        <Money usd="47.82" />
        <Money usd="12.40" unpriced={2} calls={96} />
        <Money usd={null} unpriced={96} calls={96} />
        <Duration s={6300} waitedS={420} />
        <Duration ns="340" />
        <Instant at="2026-04-12T10:15:02Z" />
        <Instant at={new Date(Date.now() - 725_000)} look="ago" />
        <Tokens input={37_300} cached={29_100} output={412} />
        <SessionId id="sess_0123456789abc123" copy />
        <Version version="14" workflow="code-migrator" />
      </div>
      <DataTable
        caption="Sessions"
        rows={ROWS}
        rowKey={(row) => row.id}
        isMarked={(row) => row.outcome === "failure"}
        columns={[
          { id: "outcome", title: "Outcome", cell: (row) => <OutcomeBadge label={row.outcome} /> },
          {
            id: "id",
            title: "Session",
            isName: true,
            grows: true,
            cell: (row) => <SessionId id={row.id} />,
          },
          { id: "took", title: "Took", numeric: true, cell: (row) => <Duration s={row.s} /> },
          {
            id: "cost",
            title: "Cost",
            numeric: true,
            sort: { to: "/" },
            sorted: "descending",
            cell: (row) => <Money usd={row.usd} short />,
          },
        ]}
        foot={["", "3 sessions", "", <Money key="sum" usd="47.84" unpriced={1} calls={97} short />]}
      />
    </Section>
  );
}

function Texts() {
  return (
    <Section title="Texts of strangers">
      <HostileText text={NASTY} />
      <HostileText text={lots()} mono max={400} />
      <HostileText text={NASTY} inline />
      <CodeBlock
        text={"pip install quarterdeck\nquarterdeck up"}
        label="command"
        title="In a shell"
      />
      <MarkdownText
        text={
          "**Bold** and `code`, a [link](javascript:alert(1)) and ![pic](http://x.test/a.png)\n\n- one\n- two\n\n```\nlet x = 1;\n```\n\n<img src=x onerror=alert(1)>\n\n> quoted"
        }
      />
    </Section>
  );
}

function States() {
  return (
    <Section title="States">
      <div className={css.columns}>
        <Empty title="Sessions of your agents will be here.">
          <CodeBlock text="quarterdeck import ./traces" label="command" />
        </Empty>
        <FilteredEmpty title="No session matches." otherwise="1,204 in the last 30 days.">
          <Button>Widen to 30 days</Button>
          <Button>Remove tool:bash (12)</Button>
        </FilteredEmpty>
        <Loading rows={3} what="sessions" />
        <Failed error={REFUSED} what="The sessions could not be read." retry={() => {}} />
        <NotAllowed error={FORBIDDEN} needs="admin" />
        <Stale since={Date.now() - 40_000} retry={() => {}} />
      </div>
    </Section>
  );
}
