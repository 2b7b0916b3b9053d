/** The settings of a project, who may do what in it, and what they would do before they are set. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { asked, client } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type ProjectShown = Schemas["ProjectShown"];
export type PriceOverride = Schemas["PriceOverride"];
export type UnpricedModel = Schemas["UnpricedModel"];
export type KeyShown = Schemas["KeyShown"];
export type Scope = KeyShown["scopes"][number];
export type Member = Schemas["Member"];
export type Role = Member["role"];
export type AccountShown = Schemas["AccountShown"];
export type AuditEntry = Schemas["AuditEntry"];
export type RedactionTried = Schemas["RedactionTriedAnswer"];
type SettingsForm = Schemas["SettingsForm"];

/** All that one can set, as it is sent: what is left out would get its default. */
export type Settings = ProjectShown["settings"] & { name: string };

const PAGE = 100;

/** What the caller may do in this project. */
export function standing(project: string) {
  return queryOptions({
    queryKey: [project, "me"],
    queryFn: () => asked(client.GET("/api/v1/me")),
    staleTime: 30_000,
  });
}

export function projectSettings(project: string) {
  return queryOptions({
    queryKey: [project, "project"],
    queryFn: () => asked(client.GET("/api/v1/project")),
  });
}

/** Refused with 409 where `revision` is no longer that of the server. */
export function saveSettings(settings: Settings, revision: string) {
  // Instants of prices go as the digits that came: a JavaScript number would round them.
  const body = { ...settings, if_revision: revision } as unknown as SettingsForm;
  return asked(client.PUT("/api/v1/project", { body }));
}

export function deleteProject(project: string) {
  return asked(client.DELETE("/api/v1/project", { params: { query: { confirm: project } } }));
}

export function createProject(project_id: string, name: string) {
  return asked(client.POST("/api/v1/projects", { body: { project_id, name } }));
}

export function unpriced(project: string) {
  return queryOptions({
    queryKey: [project, "unpriced"],
    queryFn: () => asked(client.GET("/api/v1/project/unpriced")),
  });
}

/** What keeping so many days would delete; 0 keeps everything. */
export function retentionPreview(project: string, days: number) {
  return queryOptions({
    queryKey: [project, "retention", days],
    queryFn: ({ signal }) =>
      asked(client.GET("/api/v1/project/retention", { params: { query: { days } }, signal })),
    staleTime: 0,
  });
}

/** Nothing of the text is kept, nor in this browser once the page is left. */
export function redactionTried(project: string, text: string, patterns: readonly string[]) {
  return queryOptions({
    queryKey: [project, "redaction", text, patterns],
    queryFn: ({ signal }) =>
      asked(
        client.POST("/api/v1/project/redaction/try", {
          body: { text, patterns: [...patterns] },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** Whether one pattern can be used: refused with what is wrong with it. */
export function patternTried(project: string, pattern: string) {
  return queryOptions({
    queryKey: [project, "pattern", pattern],
    queryFn: ({ signal }) =>
      asked(
        client.POST("/api/v1/project/redaction/try", {
          body: { text: "", patterns: [pattern] },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

export function keys(project: string) {
  return queryOptions({
    queryKey: [project, "keys"],
    queryFn: () => asked(client.GET("/api/v1/keys")),
  });
}

/** Its secret is in this answer only. */
export function makeKey(name: string, scopes: Scope[], expires_at: string | null) {
  return asked(client.POST("/api/v1/keys", { body: { name, scopes, expires_at } }));
}

export function revokeKey(key_id: string) {
  return asked(client.DELETE("/api/v1/keys/{key_id}", { params: { path: { key_id } } }));
}

export function members(project: string) {
  return queryOptions({
    queryKey: [project, "members"],
    queryFn: () => asked(client.GET("/api/v1/members")),
  });
}

export function setMember(email: string, role: Role) {
  return asked(client.PUT("/api/v1/members", { body: { email, role } }));
}

export function removeMember(account_id: string) {
  return asked(client.DELETE("/api/v1/members/{account_id}", { params: { path: { account_id } } }));
}

/** For who owns the server. */
export const accounts = queryOptions({
  queryKey: ["accounts"],
  queryFn: () => asked(client.GET("/api/v1/accounts")),
});

export function createAccount(account: Schemas["AccountForm"]) {
  return asked(client.POST("/api/v1/accounts", { body: account }));
}

/** Ends the account's logins. */
export function changeAccount(account_id: string, change: Schemas["AccountChange"]) {
  return asked(
    client.PATCH("/api/v1/accounts/{account_id}", {
      params: { path: { account_id } },
      body: change,
    }),
  );
}

export function deleteAccount(account_id: string) {
  return asked(
    client.DELETE("/api/v1/accounts/{account_id}", { params: { path: { account_id } } }),
  );
}

/** Newest first. `server`: logins and changes of accounts and projects. */
export function audit(project: string, of: "project" | "server") {
  return infiniteQueryOptions({
    queryKey: [project, "audit", of],
    queryFn: ({ pageParam: cursor, signal }) => {
      const params = { query: { limit: PAGE, ...(cursor ? { cursor } : {}) } };
      return asked(
        of === "server"
          ? client.GET("/api/v1/server/audit", { params, signal })
          : client.GET("/api/v1/audit", { params, signal }),
      );
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: 0,
  });
}
