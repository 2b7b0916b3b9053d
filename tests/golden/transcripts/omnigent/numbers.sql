CREATE TABLE conversations (
    workspace_id BIGINT NOT NULL DEFAULT 0, id VARCHAR(64), created_at INTEGER, updated_at INTEGER,
    title TEXT, parent_conversation_id VARCHAR(64), root_conversation_id VARCHAR(64),
    PRIMARY KEY (workspace_id, id)
);
CREATE TABLE omnigent_conversation_metadata (
    workspace_id BIGINT NOT NULL DEFAULT 0, id VARCHAR(64), kind SMALLINT,
    sub_agent_name VARCHAR(128), session_usage TEXT, workspace VARCHAR(2048),
    PRIMARY KEY (workspace_id, id)
);
CREATE TABLE agent_configuration (
    workspace_id BIGINT NOT NULL DEFAULT 0, conversation_id VARCHAR(64),
    model_override VARCHAR(128), PRIMARY KEY (workspace_id, conversation_id)
);
CREATE TABLE conversation_items (
    workspace_id BIGINT NOT NULL DEFAULT 0, conversation_id VARCHAR(64) NOT NULL,
    id VARCHAR(64) NOT NULL, position INTEGER NOT NULL, type SMALLINT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, id)
);
INSERT INTO conversations VALUES (0, 'root', 1783716327, 1783718231, 'top', '', 'root');
INSERT INTO conversations VALUES (0, 'kid', 1783716400, 1783716701, 'scout', 'root', 'root');
INSERT INTO omnigent_conversation_metadata VALUES (0, 'root', 1, '', '{"input_tokens":100,"output_tokens":50,"total_cost_usd":1.5,"by_model":{"claude-opus-4-8":{"input_tokens":100,"output_tokens":50,"total_cost_usd":1.5}}}', '/w');
INSERT INTO omnigent_conversation_metadata VALUES (0, 'kid', 2, 'claude_code', '', '');
INSERT INTO agent_configuration VALUES (0, 'root', 'claude-opus-4-8');
INSERT INTO conversation_items VALUES (0, 'root', 'i0', 0, 1,
    '{"role": "user", "content": [{"type": "input_text", "text": "injected"}], "is_meta": true}');
INSERT INTO conversation_items VALUES (0, 'root', 'i1', 1, 1,
    '{"role": "user", "content": [{"type": "input_text", "text": "Where am I?"}]}');
INSERT INTO conversation_items VALUES (0, 'root', 'i2', 2, 4,
    '{"model": "polly", "summary": [{"type": "summary_text", "text": "Ask the shell."}]}');
INSERT INTO conversation_items VALUES (0, 'root', 'i3', 3, 1,
    '{"role": "assistant", "agent": "polly", "content": [{"type": "output_text", "text": "on it"}]}');
INSERT INTO conversation_items VALUES (0, 'root', 'i4', 4, 2,
    '{"agent": "polly", "name": "sys_os_shell", "arguments": "{\"command\": \"pwd\"}", "call_id": "toolu_1"}');
INSERT INTO conversation_items VALUES (0, 'root', 'i5', 5, 3,
    '{"call_id": "toolu_1", "output": "/w"}');
INSERT INTO conversation_items VALUES (0, 'root', 'i6', 6, 9,
    '{"model": "claude-opus-4-8", "applied": true, "rationale": "Harder than it looked."}');
INSERT INTO conversation_items VALUES (0, 'root', 'i7', 7, 1,
    '{"role": "assistant", "agent": "polly", "content": [{"type": "output_text", "text": "In /w."}]}');
INSERT INTO conversation_items VALUES (0, 'root', 'i8', 8, 5,
    '{"source": "execution", "code": "RuntimeError", "message": "inner executor error"}');
INSERT INTO conversation_items VALUES (0, 'root', 'i9', 9, 6,
    '{"summary": "Earlier turns summarized.", "model": "claude-opus-4-8", "token_count": 123}');
INSERT INTO conversation_items VALUES (0, 'root', 'i10', 10, 11,
    '{"kind": "input", "input": "git push"}');
INSERT INTO conversation_items VALUES (0, 'kid', 'k0', 0, 1,
    '{"role": "assistant", "content": [{"type": "output_text", "text": "scout report"}]}');
INSERT INTO conversation_items VALUES (0, 'kid', 'k1', 1, 1, 'not json');
