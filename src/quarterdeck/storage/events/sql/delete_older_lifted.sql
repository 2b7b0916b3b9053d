-- Log records' events from before a project's retention; those without a time stay.
DELETE FROM lifted{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND time_ns < {before_ns:Int64}
  AND time_ns > 0
