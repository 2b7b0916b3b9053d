CREATE TABLE threads (
  id TEXT PRIMARY KEY,
  summary TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  data_type TEXT NOT NULL,
  data BLOB NOT NULL
);
INSERT INTO threads VALUES ('5e55-new', 'Fix it', '2026-02-01T09:05:00Z', 'json', '{"title": "Fix it", "version": "0.3.0", "updated_at": "2026-02-01T09:05:00Z", "model": {"provider": "anthropic", "model": "claude-sonnet-4"}, "cumulative_token_usage": {"output_tokens": 30, "cache_read_input_tokens": 400, "input_tokens": 12}, "request_token_usage": {"u1": {"input_tokens": 12, "output_tokens": 30}}, "messages": [{"User": {"id": "u1", "content": [{"Text": "Fix it"}, {"Mention": {"uri": "file:///a.rs", "content": "fn a()"}}]}}, {"Agent": {"content": [{"Thinking": {"text": "Look.", "signature": "s"}}, {"Text": "Reading."}, {"ToolUse": {"id": "t1", "name": "read_file", "raw_input": "{}", "input": {"path": "a.rs"}}}, {"ToolUse": {"id": "t2", "name": "terminal", "input": {"command": "cargo test"}}}], "tool_results": {"t1": {"tool_use_id": "t1", "tool_name": "read_file", "is_error": false, "content": {"Text": "fn a()"}}, "t2": {"tool_use_id": "t2", "tool_name": "terminal", "is_error": true, "content": {"Text": "1 failed"}}}}}, "Resume", {"Agent": {"content": [{"Text": "Done."}], "tool_results": {}}}]}');
INSERT INTO threads VALUES ('5e55-old', 'Old', '2025-06-01T09:05:00Z', 'json', '{"version": "0.2.0", "summary": "Old", "updated_at": "2025-06-01T09:05:00Z", "messages": [{"id": 0, "role": "user", "segments": [{"type": "text", "text": "Rename it"}], "tool_uses": [], "tool_results": []}, {"id": 1, "role": "assistant", "segments": [{"type": "thinking", "text": "Easy."}, {"type": "text", "text": "Renaming."}], "tool_uses": [{"id": "t1", "name": "edit_file", "input": {"path": "b.rs"}}], "tool_results": [{"tool_use_id": "t1", "is_error": false, "content": "edited"}]}]}');
INSERT INTO threads VALUES ('5e55-odd', 'Odd', '2025-06-01T09:05:00Z', 'brotli', 'x');
INSERT INTO threads VALUES ('5e55-cut', 'Cut', '2025-06-01T09:05:00Z', 'json', '{"messages": [');
INSERT INTO threads VALUES ('5e55-mum', 'Mum', '2025-06-01T09:05:00Z', 'json', '{"messages": []}');
