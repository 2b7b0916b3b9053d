/**
 * What an attacker would put into a span: 300 texts, and a trace that holds them in every field
 * that a screen shows.
 *
 * A text that is run marks `window.quarterdeckWasRun`, opens a dialog or asks a host that does
 * not exist; the test watches for all three.
 */
const RUN = "window.quarterdeckWasRun=1";
const HOST = "http://evil.invalid";

const MARKUP = [
  `<script>${RUN}</script>`,
  `<img src=x onerror="${RUN}">`,
  `<img src="${HOST}/pixel.png">`,
  `<svg onload="${RUN}">`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><animate onbegin="${RUN}" attributeName=x dur=1s>`,
  `<svg><a xlink:href="javascript:${RUN}"><text y=20>x</text></a></svg>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  `<iframe src="javascript:parent.${RUN}"></iframe>`,
  `<object data="${HOST}/x"></object>`,
  `<embed src="${HOST}/x">`,
  `<link rel=stylesheet href="${HOST}/x.css">`,
  `<style>@import "${HOST}/x.css"; * { background: url(${HOST}/x) }</style>`,
  `<base href="${HOST}/">`,
  `<meta http-equiv=refresh content="0;url=${HOST}">`,
  `<form action="${HOST}"><button formaction="javascript:${RUN}">x</button></form>`,
  `<input autofocus onfocus="${RUN}">`,
  `<details open ontoggle="${RUN}">x</details>`,
  `<video src="${HOST}/x" onerror="${RUN}"></video>`,
  `<audio src="${HOST}/x" onerror="${RUN}"></audio>`,
  `<body onload="${RUN}">`,
  `<marquee onstart="${RUN}">x</marquee>`,
  `<math><mtext><table><mglyph><style><img src=x onerror="${RUN}"></style></mglyph></table></mtext></math>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>"></noscript>`,
  `<template><script>${RUN}</script></template>`,
  `"><script>${RUN}</script>`,
  `'><img src=x onerror=${RUN}>`,
  `</title><script>${RUN}</script>`,
  `</textarea><script>${RUN}</script>`,
  `</script><script>${RUN}</script>`,
  `<!--><script>${RUN}</script>-->`,
  `<![CDATA[<script>${RUN}</script>]]>`,
];
const MARKDOWN = [
  `![pixel](${HOST}/pixel.png)`,
  `![x](javascript:${RUN})`,
  `[open](javascript:${RUN})`,
  `[open](JaVaScRiPt:${RUN})`,
  `[open](\u0001javascript:${RUN})`,
  `[open](data:text/html,<script>${RUN}</script>)`,
  `[open](vbscript:${RUN})`,
  `[ref]\n\n[ref]: javascript:${RUN}`,
  `<javascript:${RUN}>`,
  `\`\`\`html\n<script>${RUN}</script>\n\`\`\``,
  `|a|b|\n|-|-|\n|<img src=x onerror=${RUN}>|[x](javascript:${RUN})|`,
  `# <script>${RUN}</script>`,
];
const SCRIPTS = [
  `javascript:${RUN}`,
  `java\nscript:${RUN}`,
  `data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==`,
  `{{constructor.constructor("${RUN}")()}}`,
  `\${${RUN}}`,
  `#{${RUN}}`,
  `<%= ${RUN} %>`,
  `__proto__`,
  `constructor`,
  `{"__html":"<img src=x onerror=${RUN}>"}`,
  `{"dangerouslySetInnerHTML":{"__html":"<script>${RUN}</script>"}}`,
];
const SIGNS = [
  "\u202Egnp.exe",
  "\u2066left\u2069 \u2067right\u2069",
  "\u001b[31mred\u001b[0m\u001b]8;;http://evil.invalid\u0007link\u001b]8;;\u0007",
  "\u0000nul\u0008back",
  "zero\u200Bwidth\u200Djoiner\uFEFF",
  "👩‍👩‍👧‍👦🏴‍☠️",
  "שלום عليكم",
  `${"a".repeat(5_000)}`,
  "Z̸̡̛a̷̢͝l̵̨̛g̸̢͠o̷".repeat(20),
  "expression(alert(1))",
  "url(http://evil.invalid/x)",
  "; background: url(http://evil.invalid/x)",
  "')]; import { x } from 'http://evil.invalid/x'",
];

/** 300 different texts. */
export function payloads(): string[] {
  const bases = [...MARKUP, ...MARKDOWN, ...SCRIPTS, ...SIGNS];
  const spelled: ((text: string) => string)[] = [
    (text) => text,
    (text) => text.replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    (text) => encodeURIComponent(text.slice(0, 300)),
    (text) =>
      text.replace(/[a-z]/g, (letter, at: number) => (at % 2 ? letter : letter.toUpperCase())),
    (text) => `prefix ${text} suffix`,
    (text) => JSON.stringify({ text, [text.slice(0, 60)]: [text] }),
  ];
  const all = spelled.flatMap((spell) => bases.map((base) => wellFormed(spell(base))));
  return [...new Set(all)].slice(0, 300);
}

function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

const NS = 1_000_000n;
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

/** An OTLP/JSON request: one session whose every span holds one of the texts in every field. */
export function hostileTrace(session: string, texts: readonly string[], startMs: number) {
  const trace = hex(session, 32);
  const start = BigInt(startMs) * NS;
  const root = hex(`${session} root`, 16);
  const first = texts[0] ?? "";
  const span = (at: number, body: object) => ({
    traceId: trace,
    startTimeUnixNano: String(start + BigInt(at) * 10n * NS),
    endTimeUnixNano: String(start + BigInt(at) * 10n * NS + 8n * NS),
    ...body,
  });
  const steps = texts.flatMap((one, at) => [
    span(3 * at + 1, {
      spanId: hex(`${session} model ${at}`, 16),
      parentSpanId: root,
      name: one,
      attributes: [
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.request.model", one),
        text("gen_ai.provider.name", one),
        text("gen_ai.agent.name", one),
        text("quarterdeck.role", one),
        text("gen_ai.system_instructions", JSON.stringify([{ type: "text", content: one }])),
        text(
          "gen_ai.input.messages",
          JSON.stringify([{ role: "user", parts: [{ type: "text", content: one }] }]),
        ),
        text(
          "gen_ai.output.messages",
          JSON.stringify([
            {
              role: "assistant",
              finish_reason: one.slice(0, 40),
              parts: [
                { type: "reasoning", content: one },
                { type: "text", content: one },
                { type: "tool_call", id: `call_${at}`, name: one, arguments: { [one]: one } },
              ],
            },
          ]),
        ),
        text(`hostile.${one.slice(0, 80)}`, one),
      ],
      events: [
        {
          name: "quarterdeck.score",
          timeUnixNano: String(start),
          attributes: [
            text("name", one),
            text("label", one),
            text("explanation", one),
            text("author", one),
            text("judge", "llm"),
            { key: "value", value: { doubleValue: 0.5 } },
          ],
        },
      ],
    }),
    span(3 * at + 2, {
      spanId: hex(`${session} tool ${at}`, 16),
      parentSpanId: root,
      name: `execute_tool ${one}`,
      status: { code: 2, message: one },
      attributes: [
        text("gen_ai.operation.name", "execute_tool"),
        text("gen_ai.tool.name", one),
        text("gen_ai.tool.call.id", `call_${at}`),
        text("gen_ai.tool.call.arguments", JSON.stringify({ [one]: one })),
        text("gen_ai.tool.call.result", one),
        text("error.type", one),
      ],
    }),
    span(3 * at + 3, {
      spanId: hex(`${session} human ${at}`, 16),
      parentSpanId: root,
      name: one,
      attributes: [
        text("quarterdeck.human.kind", "correction"),
        text("quarterdeck.human.by", one),
        text("quarterdeck.human.decision", "modified"),
        text("gen_ai.tool.name", one),
        text("quarterdeck.human.question", one),
        text("quarterdeck.human.answer", one),
      ],
    }),
  ]);
  return {
    resourceSpans: [
      {
        resource: { attributes: [text("service.name", first)] },
        scopeSpans: [
          {
            scope: { name: first, version: first },
            spans: [
              span(0, {
                spanId: root,
                name: first,
                endTimeUnixNano: String(start + BigInt(texts.length + 1) * 40n * NS),
                attributes: [
                  text("gen_ai.operation.name", "invoke_agent"),
                  text("session.id", session),
                  text("gen_ai.agent.name", first),
                  text("quarterdeck.task", first),
                  text("quarterdeck.task_type", first),
                  text("user.id", first),
                  text("quarterdeck.outcome", "failure"),
                  text("quarterdeck.outcome.reason", first),
                  text("quarterdeck.workflow.name", first),
                  text("quarterdeck.workflow.version", first),
                  text("quarterdeck.environment", first),
                  text("quarterdeck.case", first),
                  text("quarterdeck.finding.hostile", first),
                  { key: `quarterdeck.units.${first.slice(0, 40)}`, value: { intValue: "3" } },
                  {
                    key: "tag.tags",
                    value: { arrayValue: { values: [{ stringValue: first }] } },
                  },
                ],
              }),
              ...steps,
            ],
          },
        ],
      },
    ],
  };
}

/** So many hexadecimal digits of a text: ids that are the same in every run. */
function hex(of: string, digits: number): string {
  let found = "";
  for (let round = 0; found.length < digits; round += 1) {
    let hash = 0x811c9dc5 ^ round;
    for (let at = 0; at < of.length; at += 1) {
      hash = Math.imul(hash ^ of.charCodeAt(at), 0x01000193) >>> 0;
    }
    found += hash.toString(16).padStart(8, "0");
  }
  return found.slice(0, digits);
}
