/** Makes an account. The first one owns the server and ends local mode. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { accounts, createAccount } from "@/api/settings";
import { Button } from "@/parts/Button";
import { Checkbox } from "@/parts/Checkbox";
import { Disclosure } from "@/parts/Disclosure";
import { Failed } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { say } from "@/parts/Toasts";
import { Command } from "../pieces/Command";
import { word } from "../pieces/shell";
import styles from "./access.module.css";

const SHORTEST = 12;

export function NewAccount({ isFirst }: { isFirst: boolean }) {
  return (
    <Disclosure title={isFirst ? "Make the first account here" : "Make an account"}>
      <Form isFirst={isFirst} />
    </Disclosure>
  );
}

function Form({ isFirst }: { isFirst: boolean }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [isOwner, setOwner] = useState(false);
  const making = useMutation({
    mutationFn: () =>
      createAccount({
        email: email.trim(),
        name: name.trim(),
        password,
        owner: isFirst || isOwner,
      }),
    onSuccess: (made) => {
      say(`${made.email} may log in.`);
      setEmail("");
      setName("");
      setPassword("");
      if (isFirst) {
        queries.clear();
        void navigate({ to: "/login" });
      } else {
        void queries.invalidateQueries({ queryKey: accounts.queryKey });
      }
    },
  });
  const isReady = email.trim() !== "" && password.length >= SHORTEST;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) making.mutate();
      }}
    >
      <div className={styles.two}>
        <TextField
          label="Address to log in with"
          value={email}
          onChange={setEmail}
          maxLength={200}
          inputMode="email"
          autoComplete="off"
        />
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          maxLength={200}
          hint="how the person is called"
          autoComplete="off"
        />
        <TextField
          label="Password"
          type="password"
          value={password}
          onChange={setPassword}
          hint={`at least ${SHORTEST} characters`}
          autoComplete="new-password"
        />
      </div>
      {isFirst ? (
        <p>It owns the server. You log in with it right after.</p>
      ) : (
        <Checkbox isSelected={isOwner} onChange={setOwner}>
          Owns the server: may do everything, in every project
        </Checkbox>
      )}
      {making.error && <Failed error={making.error} what="No account was made." />}
      <div>
        <Button type="submit" isDisabled={!isReady} isPending={making.isPending}>
          {isFirst ? "Make account and end local mode" : "Make account"}
        </Button>
      </div>
      <Command
        text={`quarterdeck users create ${word(email.trim() || "EMAIL")}${isOwner ? " --owner" : ""}`}
      />
    </form>
  );
}
