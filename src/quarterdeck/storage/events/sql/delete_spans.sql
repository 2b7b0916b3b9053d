-- The spans of some traces.
DELETE FROM spans{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
