/** Saves or discards what was typed, tells what stood in the way, and holds on to it on leaving. */
import type { Settings } from "@/api/settings";
import { Button } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import { Failed } from "@/parts/States";
import { Command } from "../pieces/Command";
import { setCommand } from "../pieces/shell";
import type { Change } from "./changes";
import styles from "./draft.module.css";
import { LeaveWarning } from "./LeaveWarning";
import type { Saving } from "./useDraft";

interface Props {
  draft: Saving;
  isAllowed: boolean;
  /** Why it can't be saved as it is; the fields say it too. */
  isWrong?: boolean;
  /** In place of saving at once: to ask first. */
  onSave?: () => void;
  act?: string;
  /** A form that was opened can be closed again, also where nothing was typed. */
  isForm?: boolean;
  /** What a command would set, while nothing is typed; without it none is shown. */
  example?: Partial<Settings>;
}

export function SaveBar({
  draft,
  isAllowed,
  isWrong = false,
  onSave,
  act = "Save changes",
  isForm = false,
  example,
}: Props) {
  const isUsual = !draft.isChanged || isWrong;
  const command = example ? setCommand(isUsual ? example : draft.changes) : "";
  const save = onSave ?? (() => draft.save());
  return (
    <div className={styles.bar}>
      <SaveTrouble draft={draft} />
      <div className={styles.acts}>
        <Button
          look="primary"
          isDisabled={!isAllowed || !draft.isChanged || isWrong}
          isPending={draft.isSaving}
          onPress={save}
        >
          {draft.meanwhile ? `${act} on top of theirs` : act}
        </Button>
        <Button
          look="quiet"
          isDisabled={(!draft.isChanged && !isForm) || draft.isSaving}
          onPress={draft.discard}
        >
          {draft.meanwhile ? "Take theirs" : isForm ? "Cancel" : "Discard"}
        </Button>
        {draft.isChanged && <span className={styles.state}>Not saved yet</span>}
      </div>
      {command && <Command text={command} />}
      <LeaveWarning isChanged={draft.isChanged} />
    </div>
  );
}

/** What stood in the way; nothing that was typed is lost by it. */
export function SaveTrouble({ draft }: { draft: Saving }) {
  if (draft.meanwhile) return <Meanwhile changes={draft.meanwhile} />;
  return draft.error ? <Failed error={draft.error} what="Nothing was saved." /> : null;
}

function Meanwhile({ changes }: { changes: readonly Change[] }) {
  return (
    <div className={styles.meanwhile} role="alert">
      <p className={styles.title}>
        Somebody changed the settings since you read them. Nothing was saved, and what you typed is
        still here.
      </p>
      {changes.length === 0 ? (
        <p>They are again as you read them.</p>
      ) : (
        <dl>
          {changes.map((one) => (
            <div key={one.name}>
              <dt>{one.label}</dt>
              <dd>
                <del>
                  <HostileText text={one.before} max={400} />
                </del>{" "}
                →{" "}
                <ins>
                  <HostileText text={one.after} max={400} />
                </ins>
              </dd>
            </div>
          ))}
        </dl>
      )}
      <p>Saving now keeps their other changes and puts yours on top.</p>
    </div>
  );
}
