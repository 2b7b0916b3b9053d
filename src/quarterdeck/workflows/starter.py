"""
The workflow that `quarterdeck workflow init` writes: small, commented, and valid.
"""

import json

from quarterdeck.workflows.schema import json_schema

SCHEMA_FILE = "workflow.schema.json"
"""Beside `workflow.yaml`, for editors; no part of a version."""
SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
"""The comment by which editors find a YAML file's schema."""

_WORKFLOW = """\
# One version of this workflow is this file and the files that it names.
#   quarterdeck workflow validate    checks it
#   quarterdeck workflow push        makes a version of it
name: NAME
description: Answers questions about orders, and refunds some.

agents:
  support:
    role: assistant
    instructions: prompts/support.md
    model: answers
    tools: [find_order, refund_order] # what is not named here it can't call
    memory: [customers]
    context: recent

tools:
  find_order:
    schema: tools/find_order.json
    timeout_s: 20
  refund_order:
    schema: tools/refund_order.json
    permission: ask # where no rule holds
    rules: # the first that holds decides; conditions are CEL
      - when: args.amount <= 20
        permission: allow
      - when: args.amount > 500
        permission: deny
    ask:
      question: Refund this order?
      timeout_s: 900
      default: deny # where nobody answers in time

models:
  answers:
    targets: # the first whose condition holds
      - model: gpt-5-mini
        provider: openai
        when: request.complexity < 0.5
      - model: gpt-5
        provider: openai
        parameters: {temperature: 0.2}
        retries: 1
    fallbacks:
      - on: [rate_limited, overloaded, timeout]
        action: next
      - on: [context_too_long]
        route: long_context
  long_context:
    targets:
      - model: gemini-3-pro
        provider: google

memory:
  customers:
    scope: user # each user's own
    description: What a customer told us about themselves.
    ttl_days: 90

context:
  recent:
    keep_last_turns: 20
    summarize_above_tokens: 50000
    summarizer: answers

budgets:
  session:
    usd: "0.50" # money is text
    tool_calls: 40
    on_exceeded: stop

escalation:
  - when: session.errors >= 5
    question: It fails again and again. Go on?
"""

_PROMPT = """\
You help customers with their orders.

Look an order up before you say anything about it. Never promise a refund before
`refund_order` has succeeded.
"""

_TOOLS = (
    {
        "name": "find_order",
        "description": "Find one order by its number.",
        "parameters": {
            "type": "object",
            "properties": {"number": {"type": "string", "description": "As on the invoice."}},
            "required": ["number"],
            "additionalProperties": False,
        },
    },
    {
        "name": "refund_order",
        "description": "Pay an order back, whole or in part.",
        "parameters": {
            "type": "object",
            "properties": {
                "number": {"type": "string"},
                "amount": {"type": "number", "exclusiveMinimum": 0, "description": "In USD."},
                "reason": {"type": "string"},
            },
            "required": ["number", "amount"],
            "additionalProperties": False,
        },
    },
)


def starter(name: str) -> dict[str, bytes]:
    """Files by path.  `name` is a `Name` of the manifest: it is written as it stands."""
    files = {
        "workflow.yaml": SCHEMA_LINE + _WORKFLOW.replace("NAME", name, 1),
        "prompts/support.md": _PROMPT,
        SCHEMA_FILE: schema_text(),
    }
    for tool in _TOOLS:
        files[f"tools/{tool['name']}.json"] = json.dumps(tool, indent=2) + "\n"
    return {path: text.encode() for path, text in files.items()}


def schema_text() -> str:
    """The schema as its file has it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
