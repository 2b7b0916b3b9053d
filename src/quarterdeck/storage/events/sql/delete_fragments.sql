-- What was said of some objects.
DELETE FROM fragments{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND home IN {homes:Array(String)}
