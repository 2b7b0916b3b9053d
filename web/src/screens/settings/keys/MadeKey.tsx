/** A key's secret, this once, and the lines that use it. */
import { Button } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { CopyButton } from "@/parts/CopyButton";
import { HostileText } from "@/parts/HostileText";
import { Section } from "@/parts/Section";
import { LeaveWarning } from "../draft/LeaveWarning";
import styles from "./keys.module.css";

interface Props {
  made: { name: string; secret: string; scopes: readonly string[] };
  onKept: () => void;
}

export function MadeKey({ made, onKept }: Props) {
  return (
    <Section
      title={
        <>
          Key <HostileText text={made.name} inline />
        </>
      }
      note="Shown this once: the server keeps no copy that could be read."
    >
      <div className={styles.made} role="status">
        <code className={styles.secret}>{made.secret}</code>
        <CopyButton text={made.secret} what="key" size="usual">
          Copy key
        </CopyButton>
      </div>
      {snippetsOf(made.secret, made.scopes, window.location.origin).map((one) => (
        <CodeBlock key={one.title} title={one.title} text={one.text} label={one.title} />
      ))}
      <div>
        <Button look="primary" onPress={onKept}>
          I have kept it
        </Button>
      </div>
      <LeaveWarning
        isChanged
        title="Leave without the key?"
        says="It can't be shown again. If you have not kept it, stay and copy it, or make another one later."
        leave="Leave"
      />
    </Section>
  );
}

/** For what the key may do: to send, to read, to scrape. */
export function snippetsOf(
  secret: string,
  scopes: readonly string[],
  url: string,
): { title: string; text: string }[] {
  const found = [];
  if (scopes.includes("ingest")) {
    found.push({
      title: "OpenTelemetry exporters",
      text: [
        `export OTEL_EXPORTER_OTLP_ENDPOINT=${url}`,
        "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        `export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20${secret}"`,
      ].join("\n"),
    });
  }
  if (scopes.some((scope) => scope !== "metrics")) {
    found.push({
      title: "Python SDK and command line",
      text: `export QUARTERDECK_URL=${url} QUARTERDECK_API_KEY=${secret}`,
    });
  }
  if (scopes.includes("read")) {
    found.push({
      title: "Any program",
      text: `curl ${url}/api/v1/sessions -H 'authorization: Bearer ${secret}'`,
    });
  }
  if (scopes.includes("metrics")) {
    found.push({
      title: "Metrics",
      text: `curl ${url}/metrics -H 'authorization: Bearer ${secret}'`,
    });
  }
  return found;
}
