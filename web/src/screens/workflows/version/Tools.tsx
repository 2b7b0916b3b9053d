/** The tools, and whether they may be called: the first rule that holds decides. */
import type { Permission, Tool, VersionShown } from "@/api/workflows";
import { formatCount, formatDuration } from "@/format";
import { CodeBlock } from "@/parts/CodeBlock";
import { type Column, DataTable } from "@/parts/DataTable";
import { Disclosure } from "@/parts/Disclosure";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Section } from "@/parts/Section";
import own from "./Version.module.css";

interface Row {
  readonly name: string;
  readonly tool: Tool;
  readonly definition: Record<string, unknown> | undefined;
}

export function Tools({ of }: { of: VersionShown }) {
  const rows: Row[] = Object.entries(of.manifest.tools ?? {}).map(([name, tool]) => ({
    name,
    tool,
    definition: of.tools[name],
  }));
  if (rows.length === 0) return null;
  const columns: Column<Row>[] = [
    {
      id: "name",
      title: "Tool",
      isName: true,
      cell: ({ name, definition }) => (
        <div className={own.cell}>
          <HostileText text={name} inline mono max={120} />
          {typeof definition?.description === "string" && (
            <p className={own.source}>
              <HostileText text={definition.description} max={400} />
            </p>
          )}
        </div>
      ),
    },
    {
      id: "permission",
      title: "May it be called?",
      cell: ({ tool }) => (
        <div className={own.cell}>
          <Rules tool={tool} />
        </div>
      ),
    },
    {
      id: "limits",
      title: "Time, tries",
      cell: ({ tool }) =>
        [
          tool.timeout_s === undefined ? "" : formatDuration({ s: tool.timeout_s }),
          tool.retries ? `${formatCount(tool.retries)} more tries` : "",
        ]
          .filter(Boolean)
          .join(", "),
    },
  ];
  return (
    <Section id="tools" title="Tools and permissions">
      <DataTable caption="Tools" columns={columns} rows={rows} rowKey={(row) => row.name} />
      {rows.map(
        ({ name, definition }) =>
          definition && (
            <Disclosure key={name} title={`Arguments of ${visibleText(name, 120)}`}>
              <CodeBlock
                text={JSON.stringify(definition.parameters ?? {}, null, 2)}
                label="JSON Schema"
              />
            </Disclosure>
          ),
      )}
    </Section>
  );
}

function Rules({ tool }: { tool: Tool }) {
  const usual = tool.permission ?? "allow";
  const asks = usual === "ask" || (tool.rules ?? []).some((rule) => rule.permission === "ask");
  return (
    <div className={own.rules}>
      {(tool.rules ?? []).map((rule) => (
        <span key={rule.when}>
          <Allowed permission={rule.permission} /> when{" "}
          <HostileText text={rule.when} inline mono max={400} />
        </span>
      ))}
      <span>
        <Allowed permission={usual} />
        {(tool.rules ?? []).length > 0 && <span className={own.muted}> otherwise</span>}
      </span>
      {asks && tool.ask && (
        <span className={own.muted}>
          {tool.ask.question && (
            <>
              asks “<HostileText text={tool.ask.question} inline max={300} />
              ”,{" "}
            </>
          )}
          waits {formatDuration({ s: tool.ask.timeout_s ?? 900 })}, then{" "}
          {tool.ask.default ?? "deny"}
        </span>
      )}
    </div>
  );
}

export function Allowed({ permission }: { permission: Permission }) {
  return (
    <span className={own.permission} data-permission={permission}>
      {permission}
    </span>
  );
}
