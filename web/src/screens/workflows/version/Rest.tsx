/** Memory, context, budgets, people, MCP servers, and what was learned elsewhere. */
import { Link, useParams } from "@tanstack/react-router";
import type { Budget, VersionShown } from "@/api/workflows";
import { counted, formatDuration, formatUsd, formatVersion } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Section } from "@/parts/Section";
import { Prompt } from "./Agents";
import { Allowed } from "./Tools";
import own from "./Version.module.css";

export function Rest({ of }: { of: VersionShown }) {
  return (
    <>
      <Memory of={of} />
      <Context of={of} />
      <Budgets of={of} />
      <Escalation of={of} />
      <McpServers of={of} />
      <Learned of={of} />
    </>
  );
}

function Memory({ of }: { of: VersionShown }) {
  const { project = "" } = useParams({ strict: false });
  const spaces = Object.entries(of.manifest.memory ?? {});
  const checkpoint = of.manifest.memory_checkpoint;
  if (spaces.length === 0 && !checkpoint) return null;
  return (
    <Section
      id="memory"
      title="Memory"
      note={checkpoint ? `Made with checkpoint ${checkpoint}.` : undefined}
      aside={
        <Link
          to="/p/$project/memory"
          params={{ project }}
          search={{ workflow: of.workflow, version: of.version }}
        >
          What it wrote
        </Link>
      }
    >
      <ul className={own.list}>
        {spaces.map(([name, space]) => (
          <li key={name} className={own.facts}>
            <b>
              <HostileText text={name} inline max={100} />
            </b>
            <span>
              {space.scope === "project" || !space.scope ? "everybody's" : `of one ${space.scope}`}
            </span>
            {space.ttl_days !== undefined && <span>kept {counted(space.ttl_days, "day")}</span>}
            {space.writers && (
              <span>
                written by{" "}
                <HostileText text={space.writers.join(", ") || "nobody"} inline max={300} />
              </span>
            )}
            {space.description && <HostileText text={space.description} inline max={300} />}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Context({ of }: { of: VersionShown }) {
  const policies = Object.entries(of.manifest.context ?? {});
  if (policies.length === 0) return null;
  return (
    <Section id="context" title="Context">
      <ul className={own.list}>
        {policies.map(([name, policy]) => (
          <li key={name} className={own.facts}>
            <b>
              <HostileText text={name} inline max={100} />
            </b>
            {Object.entries(policy).map(([field, value]) => (
              <HostileText
                key={field}
                text={`${field.replaceAll("_", " ")} ${typeof value === "string" ? value : JSON.stringify(value)}`}
                inline
                max={200}
              />
            ))}
          </li>
        ))}
      </ul>
      {policies.map(([name]) => {
        const text = of.prompts[`context:${name}`];
        return (
          text !== undefined && (
            <Prompt
              key={name}
              text={text}
              source={`summary prompt of ${name}`}
              isMarkdown={false}
            />
          )
        );
      })}
    </Section>
  );
}

function Budgets({ of }: { of: VersionShown }) {
  const { session, tasks = {} } = of.manifest.budgets ?? {};
  const rows: [string, Budget][] = [
    ...(session ? ([["each session", session]] as [string, Budget][]) : []),
    ...Object.entries(tasks),
  ];
  if (rows.length === 0) return null;
  return (
    <Section id="budgets" title="Budgets">
      <ul className={own.list}>
        {rows.map(([name, budget]) => (
          <li key={name} className={own.facts}>
            <b>
              <HostileText text={name} inline max={100} />
            </b>
            {budget.usd !== undefined && <span>{formatUsd(budget.usd)}</span>}
            {budget.tokens !== undefined && <span>{counted(budget.tokens, "token")}</span>}
            {budget.model_calls !== undefined && (
              <span>{counted(budget.model_calls, "model call")}</span>
            )}
            {budget.tool_calls !== undefined && (
              <span>{counted(budget.tool_calls, "tool call")}</span>
            )}
            {budget.duration_s !== undefined && (
              <span>{formatDuration({ s: budget.duration_s })}</span>
            )}
            <span>then {budget.on_exceeded ?? "stop"}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Escalation({ of }: { of: VersionShown }) {
  const rules = of.manifest.escalation ?? [];
  if (rules.length === 0) return null;
  return (
    <Section id="escalation" title="When a person is asked">
      <ul className={own.list}>
        {rules.map((rule) => (
          <li key={rule.when} className={own.facts}>
            <HostileText text={rule.when} inline mono max={400} />
            {rule.question && (
              <span>
                “<HostileText text={rule.question} inline max={300} />”
              </span>
            )}
            <span>
              waits {formatDuration({ s: rule.timeout_s ?? 900 })}, then {rule.default ?? "stop"}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function McpServers({ of }: { of: VersionShown }) {
  const servers = Object.entries(of.manifest.mcp_servers ?? {});
  if (servers.length === 0) return null;
  return (
    <Section id="mcp" title="MCP servers">
      <ul className={own.list}>
        {servers.map(([name, server]) => (
          <li key={name} className={own.facts}>
            <b>
              <HostileText text={name} inline max={100} />
            </b>
            <HostileText
              text={server.url ?? (server.command ?? []).join(" ")}
              inline
              mono
              max={300}
            />
            <span>
              tools that are not named above: <Allowed permission={server.permission ?? "ask"} />
            </span>
            {server.tools && (
              <HostileText text={`only ${server.tools.join(", ")}`} inline max={300} />
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Learned({ of }: { of: VersionShown }) {
  const entries = Object.entries(of.manifest.learned ?? {});
  if (entries.length === 0) return null;
  return (
    <Section
      id="learned"
      title="Learned elsewhere"
      note="Weights are named here and kept where they are served: a rollback says what has to be moved there."
    >
      <ul className={own.list}>
        {entries.map(([name, entry]) => {
          const pin = of.pins.find((one) => one.kind === "learned" && one.name === name);
          const digest = entry.digest ?? pin?.digest;
          return (
            <li key={name} className={own.facts}>
              <b>
                <HostileText text={name} inline max={100} />
              </b>
              <HostileText text={entry.uri} inline mono max={400} />
              <span>{digest ? formatVersion(digest) : "no digest was told"}</span>
              {entry.base_model && (
                <span>
                  on <HostileText text={entry.base_model} inline max={120} />
                </span>
              )}
              {entry.served_by && (
                <span>
                  served by <HostileText text={entry.served_by} inline max={120} />
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
