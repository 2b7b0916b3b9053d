/** The files that the digest covers, and what references meant when they were pushed. */
import type { VersionShown } from "@/api/workflows";
import { formatBytes, formatVersion } from "@/format";
import { CopyButton } from "@/parts/CopyButton";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Section } from "@/parts/Section";
import own from "./Version.module.css";

type File = VersionShown["files"][number];

export function Files({ of }: { of: VersionShown }) {
  const columns: Column<File>[] = [
    {
      id: "path",
      title: "File",
      isName: true,
      grows: true,
      cell: (file) => <HostileText text={file.path} inline mono max={400} />,
    },
    { id: "size", title: "Size", numeric: true, cell: (file) => formatBytes(file.bytes) },
    {
      id: "sha256",
      title: "SHA-256",
      cell: (file) => (
        <span className={own.digest}>
          <code title={file.sha256}>{formatVersion(file.sha256)}</code>
          <CopyButton text={file.sha256} what="SHA-256" />
        </span>
      ),
    },
  ];
  return (
    <Section id="files" title="Files" note="Its digest covers every path, every byte, every pin.">
      <DataTable
        caption="Files of this version"
        columns={columns}
        rows={of.files}
        rowKey={(file) => file.path}
        density="compact"
      />
      {of.pins.length > 0 && (
        <ul className={own.list}>
          {of.pins.map((pin) => (
            <li key={`${pin.kind} ${pin.name}`} className={own.facts}>
              <span>{pin.kind === "prompt" ? "prompt" : "learned"}</span>
              <b>
                <HostileText text={pin.name} inline max={200} />
              </b>
              {pin.version > 0 && <span>{formatVersion(String(pin.version))}</span>}
              <span title={pin.digest}>{pin.digest ? formatVersion(pin.digest) : "no digest"}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
