/** A version to everyone, or to a share of the sessions while its outcomes are watched. */
import { useState } from "react";
import type { MoveForm } from "@/api/workflows";
import { formatShare } from "@/format";
import { ComboBox } from "@/parts/ComboBox";
import { type Choice, Select } from "@/parts/Select";
import { Switch } from "@/parts/Switch";
import { TextField } from "@/parts/TextField";
import { named } from "../words/moves";
import css from "./Acts.module.css";
import { MoveDialog } from "./MoveDialog";

const SHARES: readonly Choice[] = [1, 0.5, 0.25, 0.1, 0.05, 0.01].map((share) => ({
  id: String(share),
  text: share === 1 ? "everyone" : formatShare(share),
  aside: share === 1 ? "a release" : "a canary",
}));
type Sticky = NonNullable<MoveForm["sticky_by"]>;
const STICKY: readonly Choice<Sticky>[] = [
  { id: "session", text: "each session" },
  { id: "user", text: "each user", aside: "stays with the arm" },
  { id: "task", text: "each task type" },
];

interface Props {
  project: string;
  name: string;
  /** The numbers that may be chosen, newest first. */
  versions: readonly number[];
  version: number;
  environment: string;
  /** Those that exist: another may be typed. */
  environments: readonly { environment: string; revision: number }[];
  onClose: () => void;
}

export function ReleaseDialog({
  project,
  name,
  versions,
  version,
  environment,
  environments,
  onClose,
}: Props) {
  const [chosen, setChosen] = useState(String(version));
  const [where, setWhere] = useState(environment);
  const [share, setShare] = useState("1");
  const [sticky, setSticky] = useState<Sticky>("session");
  const [auto, setAuto] = useState(false);
  const [fall, setFall] = useState("5");
  const isCanary = share !== "1";
  const limit = /^\d{1,2}(\.\d)?$/.test(fall) && Number(fall) > 0 ? -Number(fall) / 100 : null;
  const known = environments.find((one) => one.environment === where);
  const form: Omit<MoveForm, "reason"> = {
    kind: isCanary ? "canary" : "release",
    version: chosen,
    expected_revision: known?.revision ?? 0,
    ...(isCanary
      ? {
          share: Number(share),
          sticky_by: sticky,
          auto,
          rule: { metric: "completion", ...(limit === null ? {} : { limit }) },
        }
      : {}),
  };
  const what = isCanary ? `Start with ${formatShare(Number(share))}` : `Release ${named(chosen)}`;
  return (
    <MoveDialog
      project={project}
      name={name}
      environment={where}
      title={`Release ${name}`}
      act={what}
      form={form}
      isReady={where !== "" && (!isCanary || limit !== null)}
      done={isCanary ? `The canary in ${where} began.` : `${named(chosen)} runs in ${where}.`}
      onClose={onClose}
    >
      <div className={css.choices}>
        <Select
          label="Version"
          choices={versions.map((one) => ({ id: String(one), text: named(one) }))}
          value={chosen}
          onChange={setChosen}
        />
        <ComboBox
          label="In"
          choices={environments.map((one) => ({ id: one.environment, text: one.environment }))}
          value={where}
          onChange={setWhere}
          allowsCustom
          placeholder="production"
        />
        <Select label="To" choices={SHARES} value={share} onChange={setShare} />
        {isCanary && (
          <Select label="Decided for" choices={STICKY} value={sticky} onChange={setSticky} />
        )}
      </div>
      {isCanary && (
        <div className={css.rule}>
          <TextField
            label="It has failed when completion falls by more than this, in points"
            value={fall}
            onChange={setFall}
            inputMode="decimal"
            error={limit === null ? "A number of points, as 5." : undefined}
          />
          <Switch isSelected={auto} onChange={setAuto}>
            Promote and roll back by itself, by this rule
          </Switch>
        </div>
      )}
    </MoveDialog>
  );
}
