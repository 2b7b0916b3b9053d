/** What can be done with the selected sessions. */

import { counted } from "@/format";
import { Button, LinkButton } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { say } from "@/parts/Toasts";
import { exportCommand } from "./exportCommand";
import css from "./Sessions.module.css";

interface Props {
  readonly project: string;
  readonly ids: readonly string[];
  readonly onDiffers: () => void;
  readonly onClear: () => void;
}

/** The filter takes as many values of one field. */
export const MOST_COMPARED = 100;

export function SelectionBar({ project, ids, onDiffers, onClear }: Props) {
  if (ids.length === 0) return null;
  const [a, b] = ids;
  return (
    <section className={css.selection} aria-label="Selected sessions">
      <strong role="status">{counted(ids.length, "session", "sessions")} selected</strong>
      {ids.length === 2 && a && b ? (
        <LinkButton
          to="/p/$project/sessions/$session"
          params={{ project, session: `${a}...${b}` }}
          look="primary"
        >
          Compare
        </LinkButton>
      ) : (
        <Button isDisabled>Compare (two)</Button>
      )}
      <Button isDisabled={ids.length > MOST_COMPARED} onPress={onDiffers}>
        What differs?
      </Button>
      <CopyButton text={ids.join("\n")} what="ids" size="usual">
        Copy ids
      </CopyButton>
      <CopyButton text={exportCommand(ids)} what="export command" size="usual">
        Copy export command
      </CopyButton>
      <Button
        look="quiet"
        onPress={() => {
          onClear();
          say("Nothing is selected.");
        }}
      >
        Clear
      </Button>
    </section>
  );
}
