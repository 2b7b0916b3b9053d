-- The judgements on some sessions.
DELETE FROM scores{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND session_id IN {session_ids:Array(String)}
