/** Back to what ran before, all of it at once; memory too where that is asked for. */
import { useState } from "react";
import type { EnvironmentShown } from "@/api/workflows";
import { type Choice, Select } from "@/parts/Select";
import { sideWords } from "../words/plan";
import { MoveDialog } from "./MoveDialog";
import { useBack } from "./useBack";

const KEEP = "keep";
const MEMORY: readonly Choice[] = [
  { id: KEEP, text: "Leave as it is" },
  { id: "pinned", text: "Back to what that version was made with" },
];

interface Props {
  project: string;
  of: EnvironmentShown;
  onClose: () => void;
}

export function Rollback({ project, of, onClose }: Props) {
  const [memory, setMemory] = useState(KEEP);
  const to = useBack(project, of);
  const what = to === null ? "Roll back" : `Roll back to ${sideWords(to)}`;
  return (
    <MoveDialog
      project={project}
      name={of.workflow}
      environment={of.environment}
      title={`Roll back ${of.environment}`}
      act={what}
      form={{ kind: "rollback", memory, expected_revision: of.revision }}
      done={`${of.environment} is rolled back.`}
      onClose={onClose}
    >
      <Select label="Memory" choices={MEMORY} value={memory} onChange={setMemory} />
    </MoveDialog>
  );
}
