-- What a list shows of sessions beside their records.  Without FINAL, as session_records.sql.
SELECT
    session_id,
    asked,
    answered,
    last_error,
    shape,
    path,
    sketched_spans
FROM (
    SELECT
        session_id,
        asked,
        answered,
        last_error,
        shape,
        path,
        sketched_spans,
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
