-- The stories of some sessions.
DELETE FROM stories{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND session_id IN {session_ids:Array(String)}
