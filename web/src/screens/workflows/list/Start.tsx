/** No version yet: three commands, and a manifest drafted from the sessions that were seen. */
import { useQuery } from "@tanstack/react-query";
import { type Drafts, drafts } from "@/api/workflows";
import { counted } from "@/format";
import { Button } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { Disclosure } from "@/parts/Disclosure";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Section } from "@/parts/Section";
import { Empty, Failed, Loading } from "@/parts/States";
import css from "./Start.module.css";

/** Where no agent was seen there is nothing to draft from: an example is begun with. */
const commands = (
  isDrafted: boolean,
) => `quarterdeck workflow init${isDrafted ? " --from-sessions" : ""}
quarterdeck workflow push
quarterdeck workflow release NAME@1 --to production`;

export function Start({ project }: { project: string }) {
  const answer = useQuery(drafts(project));
  const isDrafted = !answer.data || Object.keys(answer.data.files).length > 0;
  return (
    <div className={css.start}>
      <Empty title="No version yet.">
        <p>
          A version is the whole agent: prompts, tools and what they may do, models and their
          fallbacks, memory, budgets. It lies as a folder in your own repository, is pushed with one
          command, released with another, and rolled back as a whole.
        </p>
        <CodeBlock text={commands(isDrafted)} label="commands" title="In your repository" />
      </Empty>
      {answer.isError ? (
        <Failed
          error={answer.error}
          what="No manifest could be drafted from the sessions."
          retry={() => void answer.refetch()}
        />
      ) : !answer.data ? (
        <Loading rows={3} what="the sessions of the last days" />
      ) : (
        isDrafted && <Draft drafts={answer.data} />
      )}
    </div>
  );
}

function Draft({ drafts: { files, observed, notes } }: { drafts: Drafts }) {
  const paths = Object.keys(files);
  return (
    <Section
      title="A manifest made from your sessions"
      note={`We saw these prompts and tools in your traces (${counted(observed.sessions, "session")}, ${counted(observed.agents, "agent")}, ${counted(observed.tools, "tool")}, ${counted(observed.models, "model")}): start from them.`}
      aside={
        <Button size="small" onPress={() => saveAll(files)}>
          Download {counted(paths.length, "file")}
        </Button>
      }
    >
      {notes.length > 0 && (
        <ul className={css.notes}>
          {notes.map((note) => (
            <li key={note}>
              <HostileText text={note} max={600} />
            </li>
          ))}
        </ul>
      )}
      {paths.map((path, index) => (
        <Disclosure
          key={path}
          title={<code>{visibleText(path, 200)}</code>}
          startsOpen={index === 0}
        >
          <CodeBlock text={files[path] ?? ""} label={visibleText(path, 200)} />
        </Disclosure>
      ))}
    </Section>
  );
}

function saveAll(files: Drafts["files"]): void {
  for (const [path, text] of Object.entries(files)) save(path, text);
}

/** A browser saves into one folder: `prompts/planner.md` is named `prompts__planner.md` there. */
function save(path: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = path.replaceAll("/", "__");
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 0);
}
