-- Sessions of all projects that are not closed and of which nothing was heard since `before_ns`:
-- the closing job's question, the only one that is asked for no project.  Those that wait for a
-- person are left alone until `waiting_before_ns`, or they would crowd out the rest.
SELECT
    project_id,
    session_id,
    last_seen_ns
FROM sessions FINAL
WHERE status != 'closed'
  AND last_seen_ns < {before_ns:Int64}
  AND (status != 'waiting_for_human' OR last_seen_ns < {waiting_before_ns:Int64})
ORDER BY last_seen_ns, project_id, session_id
LIMIT {limit:UInt32}
