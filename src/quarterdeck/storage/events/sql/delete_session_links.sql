-- The links from and to some nodes.
DELETE FROM session_links{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND (node IN {nodes:Array(String)} OR peer IN {nodes:Array(String)})
