/**
 * One version, whole: what its agents are told, what they may do, with which models, within which
 * limits. Nothing can be changed here; what changes it is a command.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { environments, type VersionShown, version } from "@/api/workflows";
import { fromSegment, segment } from "@/app/address";
import { useKeys } from "@/app/keys/useKeys";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { Button, LinkButton, ToggleButton } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Failed, Loading } from "@/parts/States";
import { Tag } from "@/parts/Tag";
import { ReleaseDialog } from "../acts/ReleaseDialog";
import { useMayMove } from "../acts/useMay";
import { Command } from "../pieces/Command";
import { ToWorkflow } from "../pieces/links";
import { isMissing } from "../pieces/missing";
import { NotRegistered } from "../pieces/NotRegistered";
import css from "../Workflows.module.css";
import { changeCommand } from "../words/commands";
import { actorWords, named } from "../words/moves";
import { runsAs } from "../words/running";
import { sessionsOf } from "../words/sessions";
import { Agents } from "./Agents";
import { Files } from "./Files";
import { Models } from "./Models";
import { Rest } from "./Rest";
import { Tools } from "./Tools";
import own from "./Version.module.css";

const FROM = "/p/$project/workflows/$workflow/versions/$version";

export function Version() {
  const { project, workflow: written, version: which } = useParams({ from: FROM });
  const name = fromSegment(written);
  const asked = fromSegment(which);
  const answer = useQuery(version(project, name, asked));
  if (isMissing(answer.error)) {
    return <NotRegistered project={project} name={name} version={asked} />;
  }
  if (answer.isError && !answer.data) {
    return (
      <div className={css.page}>
        <Failed
          error={answer.error}
          what="The version could not be read."
          retry={() => void answer.refetch()}
        />
      </div>
    );
  }
  if (!answer.data) {
    return (
      <div className={css.page}>
        <ScreenHead title={<HostileText text={`${name} ${named(asked)}`} inline max={200} />} />
        <Loading rows={10} what="the version" />
      </div>
    );
  }
  return <Shown project={project} of={answer.data} />;
}

function Shown({ project, of }: { project: string; of: VersionShown }) {
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const running = useQuery(environments(project, of.workflow)).data?.environments ?? [];
  const mayMove = useMayMove(project);
  const [isReleasing, setReleasing] = useState(false);
  const isMarkdown = search.look === "markdown";
  const before = of.version - 1;
  useKeys({
    baseline: () => {
      if (before > 0) {
        void navigate({
          to: "/p/$project/workflows/$workflow/compare/$range",
          params: {
            project,
            workflow: segment(of.workflow),
            range: `${before}...${of.version}`,
          },
        });
      }
    },
  });
  return (
    <div className={css.page}>
      <ScreenHead
        title={
          <>
            <span className={css.above}>
              <ToWorkflow project={project} name={of.workflow} /> ▸{" "}
            </span>
            {named(of.version)}
          </>
        }
        note={of.message && <HostileText text={of.message} inline max={300} />}
      >
        {before > 0 && (
          <LinkButton
            size="small"
            to="/p/$project/workflows/$workflow/compare/$range"
            params={{
              project,
              workflow: segment(of.workflow),
              range: `${before}...${of.version}`,
            }}
          >
            Compare with {named(before)}
          </LinkButton>
        )}
        <Button size="small" isDisabled={!mayMove} onPress={() => setReleasing(true)}>
          Release…
        </Button>
      </ScreenHead>
      <About project={project} of={of} running={running} />
      <div className={own.columns}>
        <nav className={own.parts} aria-label="Parts of this version">
          <Parts of={of} />
        </nav>
        <div className={own.sections}>
          <Agents
            of={of}
            isMarkdown={isMarkdown}
            aside={
              <ToggleButton
                size="small"
                isSelected={isMarkdown}
                onChange={(on) =>
                  void navigate({
                    search: on ? { look: "markdown" } : {},
                    replace: true,
                    resetScroll: false,
                  })
                }
              >
                Markdown
              </ToggleButton>
            }
          />
          <Tools of={of} />
          <Models of={of} />
          <Rest of={of} />
          <Files of={of} />
          <p className={own.change}>
            A version never changes. For the next one: <Command text={changeCommand(of)} />
          </p>
        </div>
      </div>
      {isReleasing && (
        <ReleaseDialog
          project={project}
          name={of.workflow}
          versions={[of.version]}
          version={of.version}
          environment={running[0]?.environment ?? "production"}
          environments={running}
          onClose={() => setReleasing(false)}
        />
      )}
    </div>
  );
}

interface AboutProps {
  project: string;
  of: VersionShown;
  running: Parameters<typeof runsAs>[0];
}

function About({ project, of, running }: AboutProps) {
  const runs = runsAs(running, of.version);
  const { git } = of;
  return (
    <p className={own.about}>
      <span>
        pushed <Instant at={of.created_at} /> by{" "}
        <HostileText text={actorWords(of.created_by)} inline max={80} />
      </span>
      <span>{runs.length > 0 ? `runs as ${runs.join(", ")}` : "runs nowhere"}</span>
      {of.tags.map((tag) => (
        <Tag key={tag} mono>
          <HostileText text={tag} inline max={60} />
        </Tag>
      ))}
      <span className={own.digest}>
        <code title={of.digest}>{named(of.digest)}</code>
        <CopyButton text={of.digest} what="digest" />
      </span>
      {git.commit && (
        <span>
          commit <code title={git.commit}>{git.commit.slice(0, 10)}</code>
          {git.branch && (
            <>
              {" on "}
              <HostileText text={git.branch} inline max={60} />
            </>
          )}
          {git.dirty && ", with changes that were not committed"}
        </span>
      )}
      <Link
        to="/p/$project/sessions"
        params={{ project }}
        search={{ q: sessionsOf({ workflow: of.workflow, version: of.version }) }}
      >
        Its sessions
      </Link>
    </p>
  );
}

function Parts({ of }: { of: VersionShown }) {
  const { manifest } = of;
  const has = (part: object | undefined) => part !== undefined && Object.keys(part).length > 0;
  const parts = [
    ["agents", "Agents and prompts", true],
    ["tools", "Tools and permissions", has(manifest.tools)],
    ["models", "Models and fallbacks", has(manifest.models)],
    ["memory", "Memory", has(manifest.memory)],
    ["context", "Context", has(manifest.context)],
    ["budgets", "Budgets", has(manifest.budgets)],
    ["escalation", "When a person is asked", has(manifest.escalation)],
    ["mcp", "MCP servers", has(manifest.mcp_servers)],
    ["learned", "Learned elsewhere", has(manifest.learned)],
    ["files", "Files", true],
  ] as const;
  return (
    <ul>
      {parts.map(
        ([id, title, isThere]) =>
          isThere && (
            <li key={id}>
              <a href={`#${id}`}>{title}</a>
            </li>
          ),
      )}
    </ul>
  );
}
