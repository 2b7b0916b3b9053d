-- Spans that began before a project's retention.
DELETE FROM spans{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND start_ns < {before_ns:Int64}
