/** Log in with address and password; goes back to exactly where one was. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useId } from "react";
import { asked, client } from "@/api/client";
import styles from "./Login.module.css";

export function Login() {
  const { back } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const router = useRouter();
  const queries = useQueryClient();
  const problem = useId();
  const login = useMutation({
    mutationFn: (form: FormData) =>
      asked(
        client.POST("/api/v1/login", {
          body: { email: String(form.get("email")), password: String(form.get("password")) },
        }),
      ),
    onSuccess: async () => {
      queries.clear();
      if (back) router.history.push(back);
      else await navigate({ to: "/" });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    login.mutate(new FormData(event.currentTarget));
  };
  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={submit} aria-describedby={problem}>
        <h1>Log in to Quarterdeck</h1>
        <label>
          Address
          <input name="email" type="email" autoComplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <p id={problem} role="alert" className={styles.problem}>
          {login.error?.message}
        </p>
        <button type="submit" disabled={login.isPending}>
          {login.isPending ? "Logging in…" : "Log in"}
        </button>
        <p className={styles.note}>
          No account yet? Whoever runs this server makes one with{" "}
          <code>quarterdeck users create</code>.
        </p>
      </form>
    </main>
  );
}
