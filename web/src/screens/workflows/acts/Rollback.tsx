/** Back to what ran before, all of it at once; memory too where that is asked for. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { checkpoints, type EnvironmentRow, movePlan } from "@/api/workflows";
import { visibleText } from "@/parts/hostile";
import { type Choice, Select } from "@/parts/Select";
import { named } from "../words/moves";
import { sideWords } from "../words/plan";
import { MoveDialog } from "./MoveDialog";

/** What the restored version says of its memory; a canary's rollback leaves memory alone. */
const AS_SAID = "as said";

interface Props {
  project: string;
  of: EnvironmentRow;
  onClose: () => void;
}

export function Rollback({ project, of, onClose }: Props) {
  const [memory, setMemory] = useState(AS_SAID);
  const known = useQuery(checkpoints(project)).data?.checkpoints ?? [];
  const form = {
    kind: "rollback",
    memory: memory === AS_SAID ? "" : memory,
    expected_revision: of.revision,
  } as const;
  // The same question as the dialog's, so it is asked once.
  const plan = useQuery(movePlan(project, of.workflow, of.environment, form)).data?.plan;
  const goes = (of.candidate ?? of.stable).version;
  const choices: Choice[] = [
    { id: AS_SAID, text: "As the version says" },
    { id: "keep", text: "Leave it as it is" },
    { id: "written", text: `Take back what ${named(goes)} wrote` },
    ...known.map((one) => ({
      id: one.checkpoint_id,
      text: visibleText(one.name, 60),
      aside: "checkpoint",
    })),
  ];
  return (
    <MoveDialog
      project={project}
      name={of.workflow}
      environment={of.environment}
      title={`Roll back ${of.environment}`}
      act={plan ? `Roll back to ${sideWords(plan.to)}` : "Roll back"}
      form={form}
      done={`${of.environment} is rolled back.`}
      onClose={onClose}
    >
      <Select label="Memory" choices={choices} value={memory} onChange={setMemory} />
    </MoveDialog>
  );
}
