-- What was said of some objects; that they were deleted stays known.
DELETE FROM fragments{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND home IN {homes:Array(String)}
  AND fragment != ''
