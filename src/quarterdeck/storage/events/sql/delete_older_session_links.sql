-- Links last seen before a project's retention; those without a time stay.
DELETE FROM session_links{local}{on_cluster}
WHERE project_id = {project_id:String}
  AND seen_ns < {before_ns:Int64}
  AND seen_ns > 0
