/**
 * First run: how to see one's first session within two minutes, and if it does not come, why.
 *
 * Watches the intake: the first session appears by itself, and what was turned away is listed
 * with the reason and the next step.
 */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { intake } from "@/api/intake";
import { makeSendingKey } from "@/api/welcome";
import { Refusals } from "@/app/intake/Refusals";
import { Button, LinkButton } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { CopyButton } from "@/parts/CopyButton";
import { Arrival } from "./Arrival";
import { Example } from "./Example";
import { spelled } from "./spelled";
import styles from "./Welcome.module.css";
import ways from "./ways.json";

export function Welcome() {
  const { project } = useParams({ from: "/p/$project/welcome" });
  const { by } = useSearch({ from: "/p/$project/welcome" });
  const navigate = useNavigate({ from: "/p/$project/welcome" });
  const state = useQuery({ ...intake(project), refetchInterval: 1_500 });
  const [key, setKey] = useState("");
  const make = useMutation({
    mutationFn: makeSendingKey,
    onSuccess: (made) => setKey(made.secret),
  });

  const url = state.data?.url || window.location.origin;
  const needed = state.data?.key_needed ?? false;
  const shown = key || (needed ? "qd_…" : null);
  const way = ways.find((one) => one.id === by) ?? ways[0];
  if (!way) return null;

  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1>Connect an agent</h1>
        <p>
          Send it here by one of the ways below. Its first session appears on this page by itself.
        </p>
      </header>

      <Arrival project={project} intake={state.data} />

      <section aria-label="Address and key" className={styles.where}>
        <span className={styles.quiet}>Address</span>
        <code>{url}</code>
        <CopyButton text={url} what="the address" />
        <span className={styles.quiet}>Key</span>
        {needed ? (
          key ? (
            <>
              <code>{key}</code>
              <CopyButton text={key} what="the key" />
              <span className={styles.quiet}>Shown this once.</span>
            </>
          ) : (
            <>
              <Button onPress={() => make.mutate()} isDisabled={make.isPending} size="small">
                Make a key that may only send
              </Button>
              {make.error && <span role="alert">{make.error.message}</span>}
            </>
          )
        ) : (
          <span className={styles.quiet}>
            none is needed: this server listens on this machine alone
          </span>
        )}
      </section>

      <section aria-labelledby="ways" className={styles.ways}>
        <h2 id="ways">Your agent</h2>
        <div className={styles.split}>
          <nav aria-label="Ways to send" className={styles.names}>
            {ways.map((one) => (
              <button
                key={one.id}
                type="button"
                aria-current={one.id === way.id}
                onClick={() => void navigate({ search: { by: one.id }, replace: true })}
              >
                {one.name}
              </button>
            ))}
          </nav>
          <div className={styles.steps}>
            <ol>
              {way.steps.map((step) => (
                <li key={step.says}>
                  <h3>{step.says}</h3>
                  <CodeBlock
                    text={spelled(step.text, url, shown)}
                    label={`${way.name}: ${step.says}`}
                    copy
                  />
                </li>
              ))}
            </ol>
            <p className={styles.quiet}>{spelled(way.note, url, shown)}</p>
          </div>
        </div>
      </section>

      <Refusals refusals={state.data?.refusals ?? []} />

      <div className={styles.others}>
        <Example project={project} />
        <section aria-labelledby="recorded" className={styles.box}>
          <h2 id="recorded">Sessions that are recorded already</h2>
          <p>
            Claude Code, Codex, OpenClaw and two dozen other agents and benchmarks write their
            sessions to files. They are read as they are; importing twice changes nothing.
          </p>
          <CodeBlock text="quarterdeck import ~/.claude/projects" label="Import recordings" copy />
        </section>
      </div>

      <p>
        <LinkButton to="/p/$project/overview" params={{ project }} look="quiet">
          To the overview
        </LinkButton>
      </p>
    </div>
  );
}
