/**
 * A workflow with two versions, a canary of the second, and sessions of both, whose outcomes are
 * known here: what the screens of workflows and their journey look at.
 *
 * A prompt, a message and a reason hold what an attacker would write.
 */
import { randomBytes } from "node:crypto";

export const NAME = "fraud-triage";
export const HOSTILE = `<img src=x onerror="window.quarterdeckWasRun=1">`;
const REVERSED = "\u202Egnp.exe";

const manifest = (version: 1 | 2) => `name: ${NAME}
description: Looks into alerts and blocks cards
agents:
  triage:
    role: planner
    description: Decides what an alert is
    instructions: prompts/triage.md
    model: smart
    tools: [block_card, look_up]
    memory: [customers]
  reviewer:
    role: reviewer
    instructions: prompts/reviewer.md
    model: ${version === 1 ? "smart" : "quick"}
tools:
  block_card:
    schema: tools/block_card.json
    permission: ${version === 1 ? "ask" : "allow"}
    rules:
      - when: args.amount > 5000.0
        permission: deny
    ask: {question: Block this card?, timeout_s: 600}
  look_up: {timeout_s: 10, retries: 2}
models:
  smart:
    targets:
      - {model: gpt-5.1, provider: openai, parameters: {temperature: 0.2}}
      - {model: claude-4, provider: anthropic, timeout_s: 90}
    fallbacks:
      - on: [rate_limited, overloaded]
        action: next
  quick:
    targets:
      - {model: gpt-5.1-mini, provider: openai}
memory:
  customers: {scope: user, ttl_days: 90, description: What a customer told us}
context:
  usual: {keep_last_turns: 12}
budgets:
  session: {usd: "${version === 1 ? "2.50" : "4.00"}", tool_calls: 60}
escalation:
  - {when: session.errors > 3, question: It failed again. Go on?}
`;

const rules = Array.from({ length: 30 }, (_, at) => `- Rule ${at + 1}: look before you decide.`);
const prompt = (version: 1 | 2) => `# Triage

You look into **fraud alerts**.

${rules.join("\n")}

${version === 1 ? "Ask a person whenever you are not sure." : "Ask a person only above $500."}
Never open ${HOSTILE} ${REVERSED}
`;

function files(version: 1 | 2): Record<string, string> {
  const tool = {
    name: "block_card",
    description: "Blocks a card.",
    parameters: { type: "object", properties: { card: { type: "string" } } },
  };
  return {
    "workflow.yaml": manifest(version),
    "prompts/triage.md": prompt(version),
    "prompts/reviewer.md": "You review what triage did.\n",
    "tools/block_card.json": JSON.stringify(tool),
  };
}

async function post(url: string, path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${told}`);
  return JSON.parse(told);
}

export async function pushTriage(url: string): Promise<void> {
  for (const version of [1, 2] as const) {
    const encoded = Object.entries(files(version)).map(([path, text]) => [
      path,
      Buffer.from(text).toString("base64"),
    ]);
    await post(url, `/api/v1/workflows/${NAME}/versions`, {
      files: Object.fromEntries(encoded),
      message: version === 1 ? "the first" : `asks less ${HOSTILE}`,
      git: { commit: "9c1e02ab77f04d1c", branch: "main", dirty: version === 2 },
      tags: version === 1 ? ["good"] : [],
    });
  }
}

export async function moveTriage(url: string, move: Record<string, unknown>): Promise<void> {
  await post(url, `/api/v1/workflows/${NAME}/environments/production/moves`, move);
}

/**
 * Sessions of a version over a second from `began` on, of which `failed` fail, evenly spread: two
 * versions with the same beginning run beside each other.
 */
export async function sendTriage(
  url: string,
  version: 1 | 2,
  sessions: number,
  failed: number,
  began = Date.now(),
): Promise<void> {
  const place = (at: number) => began + Math.floor((at * 1_000) / sessions);
  const fails = (at: number) =>
    Math.floor(((at + 1) * failed) / sessions) > Math.floor((at * failed) / sessions);
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const spans = Array.from({ length: sessions }, (_, at) => ({
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "triage",
    startTimeUnixNano: `${place(at)}000000`,
    endTimeUnixNano: `${place(at) + 9}000000`,
    attributes: [
      text("session.id", `triage-${began}-v${version}-${at}`),
      text("gen_ai.operation.name", "invoke_agent"),
      text("gen_ai.agent.name", "triage"),
      text("quarterdeck.task", `alert ${at}`),
      text("quarterdeck.task_type", "alert"),
      text("quarterdeck.workflow.name", NAME),
      text("quarterdeck.workflow.version", String(version)),
      text("quarterdeck.environment", "production"),
      text("quarterdeck.outcome", fails(at) ? "failure" : "success"),
    ],
  }));
  await post(url, "/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
}
