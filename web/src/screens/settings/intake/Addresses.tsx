/** Where to send: one address, its paths, and the lines that most exporters need. */
import { Link } from "@tanstack/react-router";
import type { components } from "@/api/schema";
import { CodeBlock } from "@/parts/CodeBlock";
import { CopyButton } from "@/parts/CopyButton";
import { Section } from "@/parts/Section";
import styles from "./intake.module.css";

type IntakeAnswer = components["schemas"]["IntakeAnswer"];

export function Addresses({ intake, project }: { intake: IntakeAnswer; project: string }) {
  const url = intake.url || window.location.origin;
  const host = new URL(url).hostname;
  return (
    <Section
      title="Where to send"
      aside={
        <Link to="/p/$project/welcome" params={{ project }}>
          All frameworks, with code to paste
        </Link>
      }
    >
      <dl className={styles.facts}>
        <dt>Address</dt>
        <dd>
          <code>{url}</code> <CopyButton text={url} what="address" />
        </dd>
        <dt>OTLP over HTTP</dt>
        <dd>
          {intake.endpoints.map((one) => (
            <code key={one.path}>{one.path}</code>
          ))}
        </dd>
        <dt>OTLP over gRPC</dt>
        <dd>
          {intake.grpc_port === null ? (
            "off on this server"
          ) : (
            <code>
              {host}:{intake.grpc_port}
            </code>
          )}
        </dd>
        <dt>Key</dt>
        <dd>
          {intake.key_needed ? (
            <span>
              needed, with the scope ingest:{" "}
              <Link to="/p/$project/settings/$section" params={{ project, section: "keys" }}>
                make one
              </Link>
            </span>
          ) : (
            "none is needed: this server listens on this machine alone"
          )}
        </dd>
      </dl>
      <CodeBlock
        text={[
          `export OTEL_EXPORTER_OTLP_ENDPOINT=${url}`,
          "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
          ...(intake.key_needed
            ? [`export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20qd_…"`]
            : []),
        ].join("\n")}
        label="environment of an OpenTelemetry exporter"
      />
    </Section>
  );
}
