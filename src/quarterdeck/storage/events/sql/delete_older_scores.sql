-- Judgements on sessions last heard of before a project's retention.
DELETE FROM scores{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND at_ns < {before_ns:Int64}
  AND session_id GLOBAL IN (
    SELECT session_id
    FROM sessions FINAL
    WHERE project_id = {project_id:String}
      AND last_seen_ns < {before_ns:Int64}
  )
