-- The judgements on some sessions, oldest first.
SELECT
    session_id,
    score
FROM scores FINAL
WHERE project_id = {project_id:String}
  AND session_id IN {session_ids:Array(String)}
ORDER BY session_id, at_ns, name, identifier
