"""Files of finished or running sessions, read into spans.  One file for each format."""
