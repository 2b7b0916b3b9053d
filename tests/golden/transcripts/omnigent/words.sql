CREATE TABLE conversations (
    id VARCHAR(64) PRIMARY KEY, created_at INTEGER, updated_at INTEGER, title TEXT,
    kind VARCHAR(32), model_override VARCHAR(128), parent_conversation_id VARCHAR(64),
    root_conversation_id VARCHAR(64), sub_agent_name VARCHAR(128), workspace VARCHAR(2048),
    session_usage TEXT
);
CREATE TABLE conversation_items (
    id VARCHAR(64) PRIMARY KEY, conversation_id VARCHAR(64) NOT NULL, position INTEGER NOT NULL,
    type VARCHAR(32) NOT NULL, data TEXT NOT NULL
);
INSERT INTO conversations VALUES ('root', 1783716327, 1783718231, 'top', 'default',
    'claude-opus-4-8', '', 'root', '', '/w', '{"input_tokens":100,"output_tokens":50,"total_cost_usd":1.5,"by_model":{"claude-opus-4-8":{"input_tokens":100,"output_tokens":50,"total_cost_usd":1.5}}}');
INSERT INTO conversations VALUES ('kid', 1783716400, 1783716701, 'scout', 'sub_agent', '',
    'root', 'root', 'claude_code', '', '');
INSERT INTO conversation_items VALUES ('i0', 'root', 0, 'message',
    '{"role": "user", "content": [{"type": "input_text", "text": "injected"}], "is_meta": true}');
INSERT INTO conversation_items VALUES ('i1', 'root', 1, 'message',
    '{"role": "user", "content": [{"type": "input_text", "text": "Where am I?"}]}');
INSERT INTO conversation_items VALUES ('i2', 'root', 2, 'reasoning',
    '{"model": "polly", "summary": [{"type": "summary_text", "text": "Ask the shell."}]}');
INSERT INTO conversation_items VALUES ('i3', 'root', 3, 'message',
    '{"role": "assistant", "agent": "polly", "content": [{"type": "output_text", "text": "on it"}]}');
INSERT INTO conversation_items VALUES ('i4', 'root', 4, 'function_call',
    '{"agent": "polly", "name": "sys_os_shell", "arguments": "{\"command\": \"pwd\"}", "call_id": "toolu_1"}');
INSERT INTO conversation_items VALUES ('i5', 'root', 5, 'function_call_output',
    '{"call_id": "toolu_1", "output": "/w"}');
INSERT INTO conversation_items VALUES ('i6', 'root', 6, 'routing_decision',
    '{"model": "claude-opus-4-8", "applied": true, "rationale": "Harder than it looked."}');
INSERT INTO conversation_items VALUES ('i7', 'root', 7, 'message',
    '{"role": "assistant", "agent": "polly", "content": [{"type": "output_text", "text": "In /w."}]}');
INSERT INTO conversation_items VALUES ('i8', 'root', 8, 'error',
    '{"source": "execution", "code": "RuntimeError", "message": "inner executor error"}');
INSERT INTO conversation_items VALUES ('i9', 'root', 9, 'compaction',
    '{"summary": "Earlier turns summarized.", "model": "claude-opus-4-8", "token_count": 123}');
INSERT INTO conversation_items VALUES ('i10', 'root', 10, 'terminal_command',
    '{"kind": "input", "input": "git push"}');
INSERT INTO conversation_items VALUES ('k0', 'kid', 0, 'message',
    '{"role": "assistant", "content": [{"type": "output_text", "text": "scout report"}]}');
INSERT INTO conversation_items VALUES ('k1', 'kid', 1, 'message', 'not json');
