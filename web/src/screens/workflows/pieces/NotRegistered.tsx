/**
 * A workflow or a version that nobody pushed.
 *
 * Sessions may name any; only what was pushed has parts to show.
 */
import { segment } from "@/app/address";
import { LinkButton } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { HostileText } from "@/parts/HostileText";
import { Empty } from "@/parts/States";
import css from "../Workflows.module.css";
import { named } from "../words/moves";
import { sessionsOf } from "../words/sessions";

interface Props {
  project: string;
  name: string;
  version?: string;
}

export function NotRegistered({ project, name, version }: Props) {
  return (
    <div className={css.page}>
      <h1>
        <HostileText text={name} inline max={200} />{" "}
        {version !== undefined && <HostileText text={named(version)} inline max={80} />}
      </h1>
      <Empty
        title={
          version === undefined
            ? "No version of this workflow was pushed."
            : "This version was not pushed."
        }
      >
        <p>
          Sessions may name it all the same: they are listed. What a version says is known once its
          folder is pushed.
        </p>
        <CodeBlock text="quarterdeck workflow push" label="command" title="In your repository" />
        <p className={css.acts}>
          <LinkButton
            to="/p/$project/sessions"
            params={{ project }}
            search={{
              q: sessionsOf({ workflow: name, ...(version === undefined ? {} : { version }) }),
            }}
          >
            Sessions that name it
          </LinkButton>
          {version !== undefined && (
            <LinkButton
              look="quiet"
              to="/p/$project/workflows/$workflow"
              params={{ project, workflow: segment(name) }}
            >
              Versions of this workflow
            </LinkButton>
          )}
          <LinkButton look="quiet" to="/p/$project/workflows" params={{ project }}>
            All workflows
          </LinkButton>
        </p>
      </Empty>
    </div>
  );
}
