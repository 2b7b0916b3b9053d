-- The log records' events of some traces.
DELETE FROM lifted{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
