/** Keeps memory as it is now under a name. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { forgetMemory, makeCheckpoint } from "@/api/memory";
import { Button } from "@/parts/Button";
import { Dialog } from "@/parts/Dialog";
import { Failed } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { say } from "@/parts/Toasts";
import css from "./Checkpoints.module.css";

export function NewCheckpoint({ project, onClose }: { project: string; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const making = useMutation({
    mutationFn: () => makeCheckpoint(name.trim(), description.trim()),
    onSuccess: () => {
      void forgetMemory(queries, project);
      say("Memory is kept as it is now.");
      onClose();
    },
  });
  const mayGo = name.trim() !== "" && !making.isPending;
  const send = () => {
    if (mayGo) making.mutate();
  };
  return (
    <Dialog
      title="Make a checkpoint"
      isOpen
      keepsOpen
      onClose={onClose}
      buttons={
        <>
          <Button onPress={onClose}>Leave it</Button>
          <Button look="primary" isDisabled={!mayGo} isPending={making.isPending} onPress={send}>
            Keep memory as it is
          </Button>
        </>
      }
    >
      <form
        className={css.form}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          send();
        }}
      >
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          autoFocus
          autoComplete="off"
          placeholder="before-v14"
        />
        <TextField
          label="What it is for"
          value={description}
          onChange={setDescription}
          autoComplete="off"
        />
        {making.error && <Failed error={making.error} what="No checkpoint was made." />}
        {/* So that Enter sends also where there are several fields. */}
        <input type="submit" hidden />
      </form>
    </Dialog>
  );
}
