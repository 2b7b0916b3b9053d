/**
 * The one way to the server: typed by `schema.d.ts`, which is generated from /openapi.json.
 *
 * The project is named by a header (an address of ours holds it, a credential decides whether it
 * is reached). What the server refused becomes a `Refused` with its code, message and hint.
 */
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema";

export class Refused extends Error {
  readonly code: string;
  readonly hint: string;
  readonly status: number;
  constructor(status: number, code: string, message: string, hint: string) {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/** The server did not answer at all: it is away, or the network is. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("The server can't be reached.", { cause });
    this.name = "Unreachable";
  }
}

let project = "";

/** Which project the requests from now on are about; set by the frame from the address. */
export function speakOf(projectId: string): void {
  project = projectId;
}

export const PROJECT_HEADER = "x-quarterdeck-project";

export function projectHeaders(): Record<string, string> {
  return project ? { [PROJECT_HEADER]: project } : {};
}

const named: Middleware = {
  onRequest({ request }) {
    if (project) request.headers.set(PROJECT_HEADER, project);
    return request;
  },
  onError({ error }) {
    return error instanceof DOMException && error.name === "AbortError"
      ? error
      : new Unreachable(error);
  },
};

export const client = createClient<paths>({
  baseUrl: window.location.origin,
  // `tag=a&tag=b`, as the API reads lists.
  querySerializer: { array: { style: "form", explode: true } },
});
client.use(named);

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer, or an exception that a screen can show: `Refused` or `Unreachable`. */
export async function asked<T>(request: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await request;
  if (response.ok && data !== undefined) return data;
  throw refusal(response.status, error);
}

export function refusal(status: number, body: unknown): Refused {
  const told = (body as { error?: { code?: string; message?: string; hint?: string } } | undefined)
    ?.error;
  return new Refused(
    status,
    told?.code ?? "unreadable",
    told?.message ?? `The server answered ${status} without saying why.`,
    told?.hint ?? "",
  );
}
