-- Stories that tell of spans from before a project's retention.
DELETE FROM stories{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND first_ns < {before_ns:Int64}
