/** Gives an account a role in this project. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { members, type Role, setMember } from "@/api/settings";
import { Button } from "@/parts/Button";
import { Select } from "@/parts/Select";
import { Failed } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { say } from "@/parts/Toasts";
import { Command } from "../pieces/Command";
import { word } from "../pieces/shell";
import styles from "./access.module.css";
import { ROLES } from "./roles";

export function AddMember({ project, isAllowed }: { project: string; isAllowed: boolean }) {
  const queries = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const adding = useMutation({
    mutationFn: () => setMember(email.trim(), role),
    onSuccess: (set) => {
      void queries.invalidateQueries({ queryKey: members(project).queryKey });
      say(`${set.email} is ${set.role} now.`);
      setEmail("");
    },
  });
  const isReady = isAllowed && email.trim() !== "";
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) adding.mutate();
      }}
    >
      <div className={styles.fields}>
        <TextField
          label="Address of an account"
          value={email}
          onChange={setEmail}
          maxLength={200}
          inputMode="email"
          autoComplete="off"
          isDisabled={!isAllowed}
        />
        <Select
          label="Role"
          choices={ROLES}
          value={role}
          onChange={setRole}
          isDisabled={!isAllowed}
        />
        <Button type="submit" isDisabled={!isReady} isPending={adding.isPending}>
          Add member
        </Button>
      </div>
      {adding.error && <Failed error={adding.error} what="Nobody was added." />}
      <Command
        text={`quarterdeck users role ${word(email.trim() || "EMAIL")} ${role} --project ${word(project)}`}
      />
    </form>
  );
}
