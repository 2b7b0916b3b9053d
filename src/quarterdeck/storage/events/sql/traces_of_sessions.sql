-- The traces of some sessions.
SELECT
    trace_ids
FROM sessions FINAL
WHERE project_id = {project_id:String}
  AND session_id IN {session_ids:Array(String)}
