/** What runs where: the shares, how a canary stands, and the way back. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { EnvironmentRow } from "@/api/workflows";
import { segment } from "@/app/address";
import { useKeys } from "@/app/keys/useKeys";
import { Button, LinkButton } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { ReleaseDialog } from "../acts/ReleaseDialog";
import { Rollback } from "../acts/Rollback";
import { useMayMove } from "../acts/useMay";
import { Shares } from "../pieces/Shares";
import { actorWords } from "../words/moves";
import css from "./Environments.module.css";

interface Props {
  project: string;
  name: string;
  environments: readonly EnvironmentRow[];
  versions: readonly number[];
}

export function Environments({ project, name, environments, versions }: Props) {
  const mayMove = useMayMove(project);
  const [back, setBack] = useState<EnvironmentRow | null>(null);
  const [releasing, setReleasing] = useState<string | null>(null);
  const usual =
    environments.find((one) => one.environment === "production") ?? environments[0] ?? null;
  useKeys({
    rollback: (event) => {
      event.preventDefault();
      if (mayMove && usual) setBack(usual);
    },
  });
  const newest = versions[0];
  return (
    <>
      {environments.length === 0 ? (
        <p className={css.muted}>
          Nothing is released. An environment is made by the first release to it.
        </p>
      ) : (
        <ul className={css.list}>
          {environments.map((one) => (
            <li key={one.environment}>
              <span className={css.name}>
                <Link
                  to="/p/$project/workflows/$workflow/environments/$environment"
                  params={{
                    project,
                    workflow: segment(name),
                    environment: segment(one.environment),
                  }}
                >
                  <HostileText text={one.environment} inline max={60} />
                </Link>
              </span>
              <Shares project={project} of={one} />
              <span className={css.since}>
                {one.candidate && "canary "}since <Instant at={one.since} />,{" "}
                <HostileText text={actorWords(one.by)} inline max={80} />
                {one.reason && (
                  <>
                    : <HostileText text={one.reason} inline max={160} />
                  </>
                )}
              </span>
              <span className={css.acts}>
                <Button
                  size="small"
                  isDisabled={!mayMove}
                  aria-label={`Roll back ${one.environment}…`}
                  onPress={() => setBack(one)}
                >
                  Roll back…
                </Button>
                {one.candidate ? (
                  <LinkButton
                    size="small"
                    to="/p/$project/workflows/$workflow/releases/$release"
                    params={{ project, workflow: segment(name), release: one.release_id }}
                  >
                    Open release
                  </LinkButton>
                ) : (
                  <Button
                    size="small"
                    isDisabled={!mayMove}
                    aria-label={`Release to ${one.environment}…`}
                    onPress={() => setReleasing(one.environment)}
                  >
                    Release…
                  </Button>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
      {newest !== undefined && environments.length === 0 && (
        <div>
          <Button isDisabled={!mayMove} onPress={() => setReleasing("production")}>
            Release…
          </Button>
        </div>
      )}
      {back && <Rollback project={project} of={back} onClose={() => setBack(null)} />}
      {releasing !== null && newest !== undefined && (
        <ReleaseDialog
          project={project}
          name={name}
          versions={versions}
          version={newest}
          environment={releasing}
          environments={environments}
          onClose={() => setReleasing(null)}
        />
      )}
    </>
  );
}
