/** Which attribute of the spans says that traces are one session, shown on an example. */
import { CodeBlock } from "@/parts/CodeBlock";
import { Section } from "@/parts/Section";
import { Failed, Loading } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import form from "../draft/draft.module.css";
import { SaveBar } from "../draft/SaveBar";
import { useDraft } from "../draft/useDraft";
import { Page } from "../pieces/Page";
import { OnlyAdmins, useStanding } from "../pieces/Standing";
import { Example } from "./Example";
import { problemOf } from "./rule";

const IN_THE_AGENT = `with tracer.start_as_current_span(
    "handle ticket", attributes={"session.id": f"ticket-{ticket.id}"}
):
    run_agent(ticket)`;

export function SessionKey({ project }: { project: string }) {
  const { isAdmin } = useStanding(project);
  const draft = useDraft(project, {
    read: (settings) => settings.session_key,
    write: (typed) => ({ session_key: typed.trim() }),
    done: "The session key is saved.",
  });
  const { shown } = draft;
  const problem = problemOf(shown?.trim() ?? "");
  return (
    <Page title="Session key" note="Which attribute says that traces are one session.">
      <OnlyAdmins project={project} />
      {draft.readError ? (
        <Failed
          error={draft.readError}
          retry={draft.retry}
          what="The session key could not be read."
        />
      ) : shown === null ? (
        <Loading rows={4} what="the session key" />
      ) : (
        <>
          <div className={form.form}>
            <TextField
              label="Attribute, or template of several"
              placeholder="the id that the sender's library sends"
              hint="An attribute's name, such as ticket.id, or several in braces, such as {tenant}:{ticket.id}. Empty: session.id, gen_ai.conversation.id and their spellings."
              value={shown}
              onChange={draft.set}
              maxLength={200}
              mono
              isDisabled={!isAdmin}
              error={problem}
            />
            <SaveBar
              draft={draft}
              isAllowed={isAdmin}
              isWrong={problem !== undefined}
              example={{ session_key: "ticket.id" }}
            />
          </div>
          <Example rule={problem ? "" : shown.trim()} />
          <Section
            title="When it is needed"
            note="It counts for what arrives from then on; sessions that are here stay as they are."
          >
            <p>
              Best is to set <code>session.id</code> on the root span of each run, in the agent:
            </p>
            <CodeBlock text={IN_THE_AGENT} label="session.id in the agent" />
            <p>
              Some libraries send no id that survives a pause. Where your agents set an attribute of
              their own already, name it above: each of its values becomes one session. Where an
              attribute of a template is missing on a span, the rule says nothing about that span.
            </p>
          </Section>
        </>
      )}
    </Page>
  );
}
