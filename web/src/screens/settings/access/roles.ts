/** What each role may do: the same table as in "Give people and agents access". */
import type { Role } from "@/api/settings";

export const ROLES: readonly { id: Role; text: string }[] = [
  { id: "viewer", text: "Viewer" },
  { id: "editor", text: "Editor" },
  { id: "admin", text: "Admin" },
];

const MAY: readonly { act: string; from: "viewer" | "editor" | "admin" | "owner" }[] = [
  { act: "Read sessions, figures, settings", from: "viewer" },
  { act: "Judge sessions, correct outcomes", from: "editor" },
  { act: "Send and import data", from: "editor" },
  { act: "Delete sessions and the project", from: "admin" },
  { act: "Change settings and prices", from: "admin" },
  { act: "See and change keys and members", from: "admin" },
  { act: "Read the audit log of the project", from: "admin" },
  { act: "Create projects and accounts", from: "owner" },
  { act: "Read the audit log of the server", from: "owner" },
];

export const RANKS = ["viewer", "editor", "admin", "owner"] as const;

export const MATRIX = MAY.map(({ act, from }) => ({
  act,
  may: RANKS.map((rank) => RANKS.indexOf(rank) >= RANKS.indexOf(from)),
}));
