/** Three traces, and which sessions the rule makes of them. */
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Section } from "@/parts/Section";
import { attributesOf, keyOf } from "./rule";

interface Trace {
  readonly trace: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly key: string;
}

/** Of the attributes that a rule names: what they could hold in three traces. */
export function tracesOf(rule: string): Trace[] {
  const names = attributesOf(rule || "session.id");
  const values = (last: string) =>
    Object.fromEntries(
      names.map((name, index) => [name, index === names.length - 1 ? last : "acme"]),
    );
  const lastName = names.at(-1) ?? "";
  const missing = Object.fromEntries(names.slice(0, -1).map((name) => [name, "acme"]));
  const told = [
    { trace: "first run", attributes: values("4211") },
    { trace: "resumed after a day", attributes: values("4211") },
    { trace: "another run", attributes: values("4212") },
    { trace: lastName ? `without ${lastName}` : "without it", attributes: missing },
  ];
  return told.map((one) => ({ ...one, key: keyOf(rule || "session.id", one.attributes) }));
}

const COLUMNS: Column<Trace>[] = [
  {
    id: "trace",
    title: "Trace",
    isName: true,
    cell: (row) => <HostileText text={row.trace} inline />,
  },
  {
    id: "attributes",
    title: "Its attributes",
    cell: (row) => (
      <HostileText
        text={
          Object.entries(row.attributes)
            .map(([name, value]) => `${name}=${value}`)
            .join(" ") || "none of them"
        }
        inline
        mono
      />
    ),
  },
  {
    id: "key",
    title: "Session",
    grows: true,
    cell: (row) =>
      row.key ? <HostileText text={row.key} inline mono /> : "joined by other signs, or alone",
  },
];

export function Example({ rule }: { rule: string }) {
  return (
    <Section title="What it does" note="Made-up traces; those with the same session are joined.">
      <DataTable
        columns={COLUMNS}
        rows={tracesOf(rule)}
        rowKey={(row) => row.trace}
        caption="Example traces and their sessions"
        density="compact"
      />
    </Section>
  );
}
