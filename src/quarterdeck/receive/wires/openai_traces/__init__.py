"""The OpenAI Agents SDK's own exporter: traces and spans, mixed in one list."""
