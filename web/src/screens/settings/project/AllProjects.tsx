/** The projects that the viewer reaches; who owns the server can add one. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { projects } from "@/api/people";
import { createProject } from "@/api/settings";
import { Button } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { HostileText } from "@/parts/HostileText";
import { Section } from "@/parts/Section";
import { Failed, Loading } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { say } from "@/parts/Toasts";
import { Command } from "../pieces/Command";
import { useStanding } from "../pieces/Standing";
import { word } from "../pieces/shell";
import styles from "./project.module.css";

const NAMED = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export function AllProjects({ project }: { project: string }) {
  const mine = useQuery(projects);
  const { isOwner, isLocal } = useStanding(project);
  const columns: Column<{ project_id: string; name: string }>[] = [
    {
      id: "id",
      title: "Id",
      isName: true,
      cell: (row) =>
        row.project_id === project ? (
          <code>{row.project_id}</code>
        ) : (
          <Link
            to="/p/$project/settings/$section"
            params={{ project: row.project_id, section: "project" }}
          >
            <code>{row.project_id}</code>
          </Link>
        ),
    },
    {
      id: "name",
      title: "Name",
      grows: true,
      cell: (row) => <HostileText text={row.name} inline />,
    },
    {
      id: "here",
      title: "",
      cell: (row) => (row.project_id === project ? "this one" : ""),
    },
  ];
  return (
    <Section title="Projects">
      {mine.isError && !mine.data ? (
        <Failed
          error={mine.error}
          retry={() => void mine.refetch()}
          what="The projects could not be read."
        />
      ) : !mine.data ? (
        <Loading rows={2} rowHeight="compact" what="the projects" />
      ) : (
        <DataTable
          columns={columns}
          rows={mine.data.projects}
          rowKey={(row) => row.project_id}
          caption="Projects that you reach"
          density="compact"
        />
      )}
      <NewProject isOwner={isOwner} />
      {isLocal && (
        <p className={styles.hint}>
          Without accounts, everything that comes without a key belongs to the project default. To
          work in another, use one of its keys.
        </p>
      )}
    </Section>
  );
}

function NewProject({ isOwner }: { isOwner: boolean }) {
  const queries = useQueryClient();
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const making = useMutation({
    mutationFn: () => createProject(id, name.trim()),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["projects"] });
      say(`Project ${made.project_id} is created.`);
      setId("");
      setName("");
    },
  });
  const isWrong = id !== "" && !NAMED.test(id);
  const send = () => {
    if (isOwner && NAMED.test(id)) making.mutate();
  };
  return (
    <form
      className={styles.create}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className={styles.fields}>
        <TextField
          label="Id of a new project"
          value={id}
          onChange={setId}
          mono
          isDisabled={!isOwner}
          hint="a-z, 0-9, - and _; it stays"
          error={
            isWrong
              ? "Use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or a digit."
              : undefined
          }
        />
        <TextField
          label="Its name"
          value={name}
          onChange={setName}
          maxLength={200}
          isDisabled={!isOwner}
          hint="the id, where left out"
        />
        <Button type="submit" isDisabled={!isOwner || !NAMED.test(id)} isPending={making.isPending}>
          Create project
        </Button>
      </div>
      {!isOwner && <p className={styles.hint}>Who owns the server can create projects.</p>}
      {making.error && <Failed error={making.error} what="No project was created." />}
      <Command
        text={`quarterdeck projects create ${word(id || "ID")}${name.trim() ? ` --name ${word(name.trim())}` : ""}`}
      />
    </form>
  );
}
