-- Whole sessions by id.  Without FINAL, which would read the records of all neighbors to merge them.
SELECT
    session_id,
    record
FROM (
    SELECT
        session_id,
        record,
        last_seen_ns,
        is_deleted
    FROM sessions
    WHERE project_id = {project_id:String}
      AND session_id IN {session_ids:Array(String)}
    ORDER BY ver DESC
    LIMIT 1 BY session_id
)
WHERE is_deleted = 0
  AND last_seen_ns >= {floor_ns:Int64}
