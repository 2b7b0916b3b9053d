/** What can be done with a canary; each act says what it would do, and asks why. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { environments, type MoveForm, type ReleaseShown } from "@/api/workflows";
import { useKeys } from "@/app/keys/useKeys";
import { formatShare } from "@/format";
import { Button } from "@/parts/Button";
import { Select } from "@/parts/Select";
import { MoveDialog } from "../acts/MoveDialog";
import { Rollback } from "../acts/Rollback";
import { useMayMove } from "../acts/useMay";
import { named } from "../words/moves";
import own from "./Release.module.css";

interface Props {
  project: string;
  of: ReleaseShown;
  isUndecided: boolean;
}

type Act = "hold" | "resume" | "share" | "promote" | "rollback";

export function Acts({ project, of, isUndecided }: Props) {
  const mayMove = useMayMove(project);
  const [act, setAct] = useState<Act | null>(null);
  const running = useQuery(environments(project, of.workflow)).data?.environments;
  const now = running?.find((one) => one.environment === of.environment);
  const isHeld = of.state === "held";
  const mayAct = mayMove && now !== undefined;
  useKeys({
    rollback: (event) => {
      event.preventDefault();
      if (mayAct) setAct("rollback");
    },
  });
  const close = () => setAct(null);
  return (
    <div className={own.acts}>
      <Button isDisabled={!mayAct} onPress={() => setAct("rollback")}>
        Roll back…
      </Button>
      <Button isDisabled={!mayAct} onPress={() => setAct(isHeld ? "resume" : "hold")}>
        {isHeld ? "Go on…" : "Hold…"}
      </Button>
      <Button isDisabled={!mayAct || isHeld} onPress={() => setAct("share")}>
        More traffic…
      </Button>
      <Button isDisabled={!mayAct} onPress={() => setAct("promote")}>
        Promote…
      </Button>
      {now && act === "rollback" && <Rollback project={project} of={now} onClose={close} />}
      {now && act === "share" && (
        <MoreTraffic project={project} of={of} revision={now.revision} onClose={close} />
      )}
      {now && act && act !== "rollback" && act !== "share" && (
        <MoveDialog
          project={project}
          name={of.workflow}
          environment={of.environment}
          {...dialogOf(act, of)}
          form={{ kind: act, expected_revision: now.revision }}
          {...(act === "promote" && isUndecided
            ? {
                warning:
                  "The figures do not show yet that it is better. The move is kept as “promoted without evidence”.",
              }
            : {})}
          onClose={close}
        />
      )}
    </div>
  );
}

function dialogOf(act: "hold" | "resume" | "promote", of: ReleaseShown) {
  const candidate = named(of.candidate.version);
  switch (act) {
    case "hold":
      return {
        title: `Hold the canary of ${candidate}`,
        act: "Hold",
        done: "The canary is held.",
      };
    case "resume":
      return {
        title: `Go on with the canary of ${candidate}`,
        act: "Go on",
        done: "The canary goes on.",
      };
    case "promote":
      return {
        title: `Promote ${candidate} to everyone`,
        act: `Promote ${candidate}`,
        done: `${candidate} runs for everyone in ${of.environment}.`,
      };
  }
}

const SHARES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9] as const;

interface MoreProps {
  project: string;
  of: ReleaseShown;
  revision: number;
  onClose: () => void;
}

/** Also less: whoever was in stays in where the share grows. */
function MoreTraffic({ project, of, revision, onClose }: MoreProps) {
  const choices = SHARES.filter((share) => share !== of.share);
  const [share, setShare] = useState<number>(choices.find((one) => one > of.share) ?? 0.9);
  const form: Omit<MoveForm, "reason"> = { kind: "share", share, expected_revision: revision };
  return (
    <MoveDialog
      project={project}
      name={of.workflow}
      environment={of.environment}
      title={`Another share for ${named(of.candidate.version)}`}
      act={`Give it ${formatShare(share)}`}
      form={form}
      done={`${named(of.candidate.version)} gets ${formatShare(share)}.`}
      onClose={onClose}
    >
      <Select
        label="Share of sessions"
        choices={choices.map((one) => ({ id: String(one), text: formatShare(one) }))}
        value={String(share)}
        onChange={(one) => setShare(Number(one))}
      />
    </MoveDialog>
  );
}
