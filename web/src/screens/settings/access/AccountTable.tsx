/** Every account of the server; each change ends its logins. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { me } from "@/api/people";
import { type AccountShown, accounts as all, changeAccount, deleteAccount } from "@/api/settings";
import { Button } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { ConfirmByName } from "@/parts/Dialog";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Failed } from "@/parts/States";
import { say } from "@/parts/Toasts";
import styles from "./access.module.css";

export function AccountTable({ accounts }: { accounts: readonly AccountShown[] }) {
  const queries = useQueryClient();
  const who = useQuery(me);
  const [ending, setEnding] = useState<AccountShown | null>(null);
  const read = () => void queries.invalidateQueries({ queryKey: all.queryKey });
  const changing = useMutation({
    mutationFn: ({ account_id, disabled }: { account_id: string; disabled: boolean }) =>
      changeAccount(account_id, { disabled }),
    onSuccess: (account) => {
      read();
      say(
        account.disabled
          ? `${account.email} can't log in any more.`
          : `${account.email} may log in again.`,
      );
    },
  });
  const deleting = useMutation({
    mutationFn: (account: AccountShown) => deleteAccount(account.account_id),
    onSuccess: (_, account) => {
      read();
      say(`${account.email} is deleted.`);
    },
    onSettled: () => setEnding(null),
  });
  const columns: Column<AccountShown>[] = [
    {
      id: "email",
      title: "Account",
      isName: true,
      grows: true,
      cell: (account) => (
        <>
          <HostileText text={account.email} inline />
          {account.name && (
            <span className={styles.quiet}>
              {" "}
              <HostileText text={account.name} inline />
            </span>
          )}
        </>
      ),
    },
    {
      id: "standing",
      title: "Standing",
      cell: (account) =>
        [account.owner && "owner", account.disabled && "disabled"].filter(Boolean).join(", ") ||
        "may log in",
    },
    {
      id: "created",
      title: "Created",
      cell: (account) => <Instant at={account.created_at} fineness="day" />,
    },
    {
      id: "acts",
      title: <span className="visually-hidden">Acts</span>,
      numeric: true,
      cell: (account) =>
        who.data?.actor === `account:${account.email}` ? (
          <span className={styles.quiet}>you</span>
        ) : (
          <span className={styles.acts}>
            <Button
              size="small"
              isDisabled={changing.isPending}
              aria-label={`${account.disabled ? "Enable" : "Disable"} ${account.email}`}
              onPress={() =>
                changing.mutate({ account_id: account.account_id, disabled: !account.disabled })
              }
            >
              {account.disabled ? "Enable" : "Disable"}
            </Button>
            <Button
              size="small"
              aria-label={`Delete ${account.email}`}
              onPress={() => setEnding(account)}
            >
              Delete…
            </Button>
          </span>
        ),
    },
  ];
  return (
    <>
      <DataTable
        columns={columns}
        rows={accounts}
        rowKey={(account) => account.account_id}
        caption="Accounts of this server"
      />
      {changing.error && <Failed error={changing.error} what="The account was not changed." />}
      {deleting.error && <Failed error={deleting.error} what="The account was not deleted." />}
      {ending && (
        <ConfirmByName
          title="Delete this account?"
          isOpen
          onClose={() => setEnding(null)}
          name={ending.email}
          act="Delete account"
          onConfirm={() => deleting.mutate(ending)}
          isPending={deleting.isPending}
        >
          <p>
            Its logins end and its roles in all projects go; this can't be undone. Keys that it made
            and what it judged stay.
          </p>
        </ConfirmByName>
      )}
    </>
  );
}
