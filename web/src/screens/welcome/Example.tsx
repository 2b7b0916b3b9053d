/** No agent at hand: the example runs a small real model on this machine, and its sessions go
 * with one click. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Refused } from "@/api/client";
import { deleteDemo, demo, runDemo } from "@/api/welcome";
import { counted } from "@/format";
import { Button, LinkButton } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { HostileText } from "@/parts/HostileText";
import styles from "./Welcome.module.css";

export function Example({ project }: { project: string }) {
  const queries = useQueryClient();
  const answer = useQuery(demo(project, false));
  const refresh = () => queries.invalidateQueries({ queryKey: [project] });
  const run = useMutation({ mutationFn: runDemo, onSuccess: refresh });
  const remove = useMutation({ mutationFn: deleteDemo, onSuccess: refresh });
  const state = answer.data;
  // Only who owns the server may start something on it; for others there is nothing to show.
  if (answer.error instanceof Refused) return null;
  const failed = run.error ?? remove.error;
  return (
    <section aria-labelledby="example" className={styles.box}>
      <h2 id="example">No agent at hand?</h2>
      <p>
        An example: six shop tasks by a small language model that runs on this machine. Some fail,
        some recover, one asks a person. It asks no other host.
      </p>
      {state && !state.installed ? (
        <>
          <p>Its parts are not installed:</p>
          <CodeBlock text={state.install.join("\n")} label="Install the example" copy />
        </>
      ) : (
        <div className={styles.acts}>
          <Button
            look="primary"
            onPress={() => run.mutate()}
            isDisabled={run.isPending || state?.state === "running"}
          >
            {state?.state === "running" ? "The example runs…" : "Run the example"}
          </Button>
          {state && state.sessions > 0 && (
            <>
              <LinkButton to="/p/$project/sessions" params={{ project }} search={{ q: state.q }}>
                Its {counted(state.sessions, "session")}
              </LinkButton>
              <Button
                look="quiet"
                onPress={() => remove.mutate()}
                isDisabled={remove.isPending || state.state === "running"}
              >
                Remove them
              </Button>
            </>
          )}
        </div>
      )}
      {failed && <p role="alert">{failed.message}</p>}
      {state && state.lines.length > 0 && (
        <details open={state.state !== "ended"}>
          <summary>What it says</summary>
          <pre className={styles.lines}>
            <HostileText text={state.lines.join("\n")} mono />
          </pre>
        </details>
      )}
    </section>
  );
}
