-- One session's record, and which of its rows it is of.  Without FINAL, as in session_records.sql.
SELECT
    record,
    ver
FROM (
    SELECT
        record,
        last_seen_ns,
        ver,
        is_deleted
    FROM sessions
    WHERE project_id = {project_id:String}
      AND session_id = {session_id:String}
    ORDER BY ver DESC
    LIMIT 1
)
WHERE is_deleted = 0
  AND last_seen_ns >= {floor_ns:Int64}
