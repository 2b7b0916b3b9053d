"""
Tokens of one Anthropic message, made inclusive.

Anthropic counts cache reads and writes beside the input; here they are a part of it.  A message
whose counts are all 0 was never billed (or the recorder of a proxy has not counted): not told.
"""

from typing import Any

from quarterdeck.model.usage import Usage
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.members import mapping, told


def usage_of(value: Any) -> Usage | None:
    """Of `message.usage`.  None where nothing was counted."""
    counts = mapping(value)
    fresh = told(count, counts.get("input_tokens"))
    output = told(count, counts.get("output_tokens"))
    read = told(count, counts.get("cache_read_input_tokens"))
    written = told(count, counts.get("cache_creation_input_tokens"))
    if not any((fresh, output, read, written)):
        return None
    by_lifetime = mapping(counts.get("cache_creation"))
    searches = mapping(counts.get("server_tool_use"))
    details = mapping(counts.get("output_tokens_details"))
    return Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=told(count, by_lifetime.get("ephemeral_1h_input_tokens")),
        reasoning_tokens=told(count, details.get("thinking_tokens")),
        web_searches=told(count, searches.get("web_search_requests")) or None,
    )


def later(earlier: Usage | None, newer: Usage | None) -> Usage | None:
    """
    Of two lines of one message: they repeat its usage, and the output grows while it streams.

    The larger output is the final one, whichever line it stands on.
    """
    if earlier is None or newer is None:
        return newer or earlier
    return newer if (newer.output_tokens or 0) >= (earlier.output_tokens or 0) else earlier
