/** The agents: what each is for, what it is told, what it is offered. */
import type { ReactNode } from "react";
import type { Agent, VersionShown } from "@/api/workflows";
import { formatVersion } from "@/format";
import { CopyButton } from "@/parts/CopyButton";
import { HostileText } from "@/parts/HostileText";
import { MarkdownText } from "@/parts/MarkdownText";
import { Section } from "@/parts/Section";
import own from "./Version.module.css";

interface Props {
  of: VersionShown;
  isMarkdown: boolean;
  aside: ReactNode;
}

export function Agents({ of, isMarkdown, aside }: Props) {
  return (
    <Section id="agents" title="Agents and prompts" aside={aside}>
      <div className={own.agents}>
        {Object.entries(of.manifest.agents).map(([name, agent]) => (
          <section key={name} className={own.agent} aria-label={`Agent ${name}`}>
            <h3>
              <HostileText text={name} inline max={120} />
            </h3>
            {agent.description && <HostileText text={agent.description} max={1_000} />}
            <Facts agent={agent} />
            {of.prompts[name] !== undefined && (
              <Prompt
                text={of.prompts[name]}
                source={sourceOf(agent.instructions)}
                isMarkdown={isMarkdown}
              />
            )}
          </section>
        ))}
      </div>
    </Section>
  );
}

function Facts({ agent }: { agent: Agent }) {
  const facts: [string, readonly string[]][] = [
    ["role", agent.role ? [agent.role] : []],
    ["model", agent.model ? [agent.model] : []],
    ["tools", agent.tools ?? []],
    ["hands over to", agent.handoffs ?? []],
    ["memory", agent.memory ?? []],
    ["context", agent.context ? [agent.context] : []],
    ["MCP servers", agent.mcp_servers ?? []],
  ];
  return (
    <p className={own.facts}>
      {facts.map(
        ([name, values]) =>
          values.length > 0 && (
            <span key={name}>
              {name}{" "}
              <b>
                <HostileText text={values.join(", ")} inline max={400} />
              </b>
            </span>
          ),
      )}
    </p>
  );
}

export function Prompt({
  text,
  source,
  isMarkdown,
}: {
  text: string;
  source: string;
  isMarkdown: boolean;
}) {
  return (
    <div>
      <p className={own.source}>
        <HostileText text={source} inline max={200} /> <CopyButton text={text} what="prompt" />
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it. */}
      <section className={own.prompt} tabIndex={0} aria-label={`Text of ${source}`}>
        {isMarkdown ? (
          <div className={own.reading}>
            <MarkdownText text={text} />
          </div>
        ) : (
          <HostileText text={text} mono />
        )}
      </section>
    </div>
  );
}

function sourceOf(instructions: Agent["instructions"]): string {
  if (instructions === undefined) return "";
  if (typeof instructions === "string") return instructions;
  const { registry, version, digest } = instructions;
  return `prompt ${registry} ${formatVersion(version === undefined ? digest : String(version))}`;
}
