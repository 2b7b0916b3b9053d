/** What the patterns make of a text that somebody pastes. Nothing of it is kept. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { redactionTried } from "@/api/settings";
import { counted } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Section } from "@/parts/Section";
import { Failed } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { useSettled } from "../pieces/useSettled";
import { piecesOf } from "./pieces";
import styles from "./redaction.module.css";

const MOST = 100_000;

interface Props {
  project: string;
  isAllowed: boolean;
  /** As typed, without those that can't be read. */
  patterns: readonly string[];
}

export function Trial({ project, isAllowed, patterns }: Props) {
  const [text, setText] = useState("");
  const asked = useSettled(text);
  const tried = useQuery({
    ...redactionTried(project, asked, patterns),
    enabled: isAllowed && asked !== "",
  });
  const isCurrent = tried.data !== undefined && !tried.isPlaceholderData;
  return (
    <Section
      title="Try it"
      note="Paste what an agent might say. It is sent to your server, tried there with the patterns above, saved or not, and forgotten."
    >
      <div className={styles.trial}>
        <TextField
          label="Text"
          value={text}
          onChange={setText}
          lines={7}
          maxLength={MOST}
          isDisabled={!isAllowed}
          spellCheck="false"
          mono
        />
        <div className={styles.result} aria-live="polite">
          <span className={styles.label}>
            {text === "" || !isCurrent
              ? "What would be stored"
              : `What would be stored, ${counted(tried.data.hidden.length, "place")} hidden`}
          </span>
          {text === "" ? (
            <p className={styles.empty} />
          ) : tried.isError ? (
            <Failed error={tried.error} what="The text could not be tried." />
          ) : (
            <p className={styles.text} data-dimmed={!isCurrent || undefined}>
              {isCurrent &&
                piecesOf(asked, tried.data.hidden).map((piece) =>
                  piece.kind === null ? (
                    <HostileText key={piece.at} text={piece.text} mono />
                  ) : (
                    <mark key={piece.at} title={visibleText(piece.text)}>
                      [redacted:{piece.kind}]
                    </mark>
                  ),
                )}
            </p>
          )}
        </div>
      </div>
    </Section>
  );
}
