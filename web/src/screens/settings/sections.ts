/** Every section with what can be set or seen there: the list at the left, and what is searched. */
export const SECTIONS = [
  {
    id: "intake",
    title: "Intake",
    line: "Whether data arrives, what was refused, and why.",
    holds: [
      "Address to send to",
      "Ports, OTLP over HTTP and gRPC",
      "Received, stored, duplicate, rejected",
      "Refused requests",
      "Libraries that arrived",
    ],
  },
  {
    id: "project",
    title: "Project",
    line: "Its name, which acts count as a person's, and its end.",
    holds: [
      "Name of the project",
      "Simulated people (scripted humans)",
      "Tools that stand for a person (human tools)",
      "Create a project",
      "Delete the project",
    ],
  },
  {
    id: "access",
    title: "Access",
    line: "Who may log in, and what each may do here.",
    holds: ["Members and roles", "Accounts and passwords", "What a role may do", "Local mode"],
  },
  {
    id: "keys",
    title: "Keys",
    line: "What agents and scripts send and read with.",
    holds: ["Make an API key", "Scopes and expiry of a key", "Last use of a key", "Revoke a key"],
  },
  {
    id: "session-key",
    title: "Session key",
    line: "Which attribute says that traces are one session.",
    holds: ["Attribute that names the session", "Template of several attributes"],
  },
  {
    id: "prices",
    title: "Prices",
    line: "What your models cost, where the tables don't know or your contract says otherwise.",
    holds: [
      "Models without a price (unpriced)",
      "Price per million tokens",
      "Validity of a price",
      "Discount",
    ],
  },
  {
    id: "redaction",
    title: "Redaction",
    line: "What is hidden before anything is stored.",
    holds: ["Patterns of secrets", "Try patterns on a text", "Hide personal data"],
  },
  {
    id: "retention",
    title: "Retention",
    line: "How long sessions are kept.",
    holds: ["Days that sessions are kept", "What would be deleted"],
  },
  {
    id: "audit",
    title: "Audit log",
    line: "Who changed what, and when.",
    holds: ["Changes in this project", "Logins and changes of the server"],
  },
  {
    id: "preferences",
    title: "My preferences",
    line: "Theme, time zone, keys and density, for this browser alone.",
    holds: ["Theme, light or dark", "Time zone", "Single-letter keys", "Density of rows"],
  },
] as const;

export type Section = (typeof SECTIONS)[number];
export type SectionId = Section["id"];

export interface Found {
  readonly section: Section;
  /** What of it was found; none where the section itself was. */
  readonly holds: readonly string[];
}

/** Sections that hold every word of what is looked for; with none, all of them. */
export function searched(looked: string): Found[] {
  const words = looked.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return SECTIONS.map((section) => ({ section, holds: [] }));
  const has = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  return SECTIONS.flatMap((section) => {
    const holds = section.holds.filter((one) => has(`${section.title} ${one}`));
    const isItself = has(`${section.title} ${section.line}`);
    return holds.length > 0 || isItself ? [{ section, holds }] : [];
  });
}
