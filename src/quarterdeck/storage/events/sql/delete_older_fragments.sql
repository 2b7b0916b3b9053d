-- What foreign SDKs said before a project's retention.
DELETE FROM fragments{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND arrived_ns < {before_ns:Int64}
