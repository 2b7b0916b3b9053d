/** The command that does what this screen shows. */
import { CopyButton } from "@/parts/CopyButton";
import { HostileText } from "@/parts/HostileText";
import css from "../Workflows.module.css";

export function Command({ text }: { text: string }) {
  return (
    <span className={css.command}>
      <code>
        <HostileText text={text} mono max={2_000} />
      </code>
      <CopyButton text={text} what="command" />
    </span>
  );
}
