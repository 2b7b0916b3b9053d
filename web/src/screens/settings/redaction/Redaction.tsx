/**
 * What is hidden before anything is stored: the project's own patterns beside those built in.
 *
 * A pattern is tried as it is typed, and what is wrong with it stands under it.
 */
import { useQueries } from "@tanstack/react-query";
import { Refused } from "@/api/client";
import { patternTried } from "@/api/settings";
import { Button } from "@/parts/Button";
import { Section } from "@/parts/Section";
import { Failed, Loading } from "@/parts/States";
import { SaveBar } from "../draft/SaveBar";
import { useDraft } from "../draft/useDraft";
import { Page } from "../pieces/Page";
import { OnlyAdmins, useStanding } from "../pieces/Standing";
import { useSettled } from "../pieces/useSettled";
import { Pattern } from "./Pattern";
import styles from "./redaction.module.css";
import { Trial } from "./Trial";

const MOST = 100;
const NONE: string[] = [];

export function Redaction({ project }: { project: string }) {
  const { isAdmin } = useStanding(project);
  const draft = useDraft<string[]>(project, {
    read: (settings) => [...settings.redaction_patterns],
    write: (typed) => ({ redaction_patterns: typed.filter(Boolean) }),
    done: "The redaction is saved.",
  });
  const { shown, base } = draft;
  const saved = base?.settings.redaction_patterns ?? [];
  const asked = useSettled(shown ?? NONE);
  const fresh = [...new Set(asked.filter((one) => one && !saved.includes(one)))];
  const tried = useQueries({
    queries: fresh.map((one) => ({ ...patternTried(project, one), enabled: isAdmin })),
  });
  const wrongOf = (pattern: string): string | undefined => {
    const error = tried[fresh.indexOf(pattern)]?.error;
    if (!(error instanceof Refused)) return undefined;
    return `${error.message}. ${error.hint}`;
  };
  const isUnsure = tried.some((one) => one.isPending || one.isError);
  return (
    <Page title="Redaction" note="What is hidden before anything is stored.">
      <OnlyAdmins project={project} />
      {draft.readError ? (
        <Failed
          error={draft.readError}
          retry={draft.retry}
          what="The patterns could not be read."
        />
      ) : shown === null ? (
        <Loading rows={4} what="the patterns" />
      ) : (
        <>
          <Section
            title="Patterns"
            note="RE2: no look-around, no back-references. They count for what arrives from now on. Keys of the large providers, tokens, private keys and passwords in addresses are always hidden."
          >
            <ol className={styles.patterns}>
              {shown.map((pattern, index) => (
                <Pattern
                  // biome-ignore lint/suspicious/noArrayIndexKey: a pattern's only name is its place.
                  key={index}
                  number={index + 1}
                  pattern={pattern}
                  isDisabled={!isAdmin}
                  isNew={!saved.includes(pattern)}
                  error={wrongOf(pattern)}
                  onChange={(next) => draft.set(shown.with(index, next))}
                  onRemove={() => draft.set(shown.toSpliced(index, 1))}
                />
              ))}
            </ol>
            {shown.length === 0 && <p className={styles.quiet}>None of your own yet.</p>}
            <div>
              <Button
                isDisabled={!isAdmin || shown.length >= MOST || shown.includes("")}
                onPress={() => draft.set([...shown, ""])}
              >
                Add a pattern
              </Button>
            </div>
          </Section>
          <Trial
            project={project}
            isAllowed={isAdmin}
            patterns={asked.filter((one) => one && !wrongOf(one))}
          />
          <SaveBar
            draft={draft}
            isAllowed={isAdmin}
            isWrong={isUnsure}
            example={{ redaction_patterns: ["EMP-[0-9]{6}"] }}
          />
        </>
      )}
    </Page>
  );
}
