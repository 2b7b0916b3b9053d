-- Sessions last heard of before a project's retention.
DELETE FROM sessions{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND last_seen_ns < {before_ns:Int64}
