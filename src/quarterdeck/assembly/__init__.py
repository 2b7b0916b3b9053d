"""SESSION: spans become a story.  Pure: no I/O and no clock; the time is an argument."""
