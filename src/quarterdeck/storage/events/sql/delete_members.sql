-- Some objects as members of collections.
DELETE FROM members{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND object IN {objects:Array(String)}
