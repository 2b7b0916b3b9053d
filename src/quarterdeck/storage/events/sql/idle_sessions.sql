-- Sessions of all projects that are not closed and of which nothing was heard since `before_ns`:
-- the closing job's question, the only one that is asked for no project.
SELECT
    project_id,
    session_id,
    last_seen_ns
FROM sessions FINAL
WHERE status != 'closed'
  AND last_seen_ns < {before_ns:Int64}
ORDER BY last_seen_ns, project_id, session_id
LIMIT {limit:UInt32}
