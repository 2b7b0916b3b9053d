"""From a span that ended to the server's answer: the background thread and what it works with."""
