-- Whole sessions by id.
SELECT
    session_id,
    record
FROM sessions FINAL
WHERE project_id = {project_id:String}
  AND session_id IN {session_ids:Array(String)}
  AND last_seen_ns >= {floor_ns:Int64}
