/** A project's name, what counts as a person's act in it, the other projects, and its end. */
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { Failed, Loading } from "@/parts/States";
import { Switch } from "@/parts/Switch";
import { TextField } from "@/parts/TextField";
import form from "../draft/draft.module.css";
import { SaveBar } from "../draft/SaveBar";
import { useDraft } from "../draft/useDraft";
import { Page } from "../pieces/Page";
import { OnlyAdmins, useStanding } from "../pieces/Standing";
import { AllProjects } from "./AllProjects";
import { DeleteProject } from "./DeleteProject";
import styles from "./project.module.css";
import { toolsOf } from "./tools";

export function Project({ project }: { project: string }) {
  const { isAdmin } = useStanding(project);
  const draft = useDraft(project, {
    read: (settings) => ({
      name: settings.name,
      tools: settings.human_tools.join("\n"),
      scripted: settings.scripted_humans,
    }),
    write: (typed) => ({
      name: typed.name.trim(),
      human_tools: toolsOf(typed.tools),
      scripted_humans: typed.scripted,
    }),
    done: "The project's settings are saved.",
  });
  const { shown, base } = draft;
  const isNameless = shown?.name.trim() === "";
  return (
    <Page title="Project" note="Its name, which acts count as a person's, and its end.">
      <OnlyAdmins project={project} />
      {draft.readError ? (
        <Failed error={draft.readError} retry={draft.retry} what="The project could not be read." />
      ) : !shown || !base ? (
        <Loading rows={6} what="the project" />
      ) : (
        <>
          <dl className={styles.facts}>
            <dt>Id</dt>
            <dd>
              <code>{base.project_id}</code>
            </dd>
            <dt>Created</dt>
            <dd>
              <Instant at={base.created_at} />
            </dd>
          </dl>
          <div className={form.form}>
            <TextField
              label="Name"
              value={shown.name}
              onChange={(name) => draft.set({ ...shown, name })}
              maxLength={200}
              isDisabled={!isAdmin}
              error={isNameless ? "A project needs a name." : undefined}
            />
            <TextField
              label="Tools that stand for a person"
              hint="One name a line, such as ask_human. A call of one counts as an intervention, and waiting for it as waiting for a person. It counts for what arrives from now on."
              value={shown.tools}
              onChange={(tools) => draft.set({ ...shown, tools })}
              lines={4}
              mono
              isDisabled={!isAdmin}
            />
            <div className={styles.switch}>
              <Switch
                isSelected={shown.scripted}
                onChange={(scripted) => draft.set({ ...shown, scripted })}
                isDisabled={!isAdmin}
              >
                People are simulated
              </Switch>
              <p className={styles.hint}>
                For benchmarks whose users are played by a model: their acts are no interventions.
                It counts for what arrives from now on.
              </p>
            </div>
            <SaveBar
              draft={draft}
              isAllowed={isAdmin}
              isWrong={isNameless}
              example={{ human_tools: ["ask_human"] }}
            />
          </div>
          <AllProjects project={project} />
          <Section title="Delete this project">
            <DeleteProject project={project} name={base.name} />
          </Section>
        </>
      )}
    </Page>
  );
}
