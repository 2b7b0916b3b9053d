/**
 * One server with real recorded sessions for all journeys that only read, or that change a
 * session which no other journey looks at.
 */

import { revertOne, sendLearned } from "./learned";
import { golden, python, type Server, settled, shared, startServer } from "./server";
import { moveTriage, pushTriage, sendTriage } from "./triage";

/** Small on purpose: some hundred sessions of five recorders, in a few seconds. */
const RECORDED = ["tau2_bench", "claude_code_redacted", "who_and_when", "atif"];

export default async function setUp(): Promise<() => Promise<void>> {
  const server = await startServer();
  await fill(server);
  process.env.QUARTERDECK_FILLED = server.url;
  return () => server.stop();
}

export async function fill(server: Server): Promise<void> {
  const there = RECORDED.map((name) => shared(`data/${name}`)).filter((one) => one !== null);
  // Without the recordings beside the project, our own fixtures still fill every screen.
  await server.cli("import", ...(there.length > 0 ? there : [golden("")]));
  await python(server, "refunds.py");
  await pushTriage(server.url);
  await moveTriage(server.url, { kind: "release", version: 1, reason: "the first" });
  await moveTriage(server.url, { kind: "canary", version: 2, share: 0.1, reason: "asks less" });
  const began = Date.now();
  await sendTriage(server.url, 1, 120, 24, began);
  await sendTriage(server.url, 2, 30, 9, began);
  await sendLearned(server.url);
  await revertOne(server.url);
  await settled(server);
}
