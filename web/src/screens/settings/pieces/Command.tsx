/** The command that does the same as what stands above it. */
import { CopyButton } from "@/parts/CopyButton";
import { HostileText } from "@/parts/HostileText";
import styles from "./pieces.module.css";

export function Command({ text, says = "Command line" }: { text: string; says?: string }) {
  return (
    <div className={styles.command}>
      <span>{says}</span>
      <code>
        <HostileText text={text} mono max={2000} />
      </code>
      <CopyButton text={text} what="command" />
    </div>
  );
}
