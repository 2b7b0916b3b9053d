-- Whether a project has a node whose name begins so: one row if so, else none.
SELECT 1 AS found
FROM session_links
WHERE project_id = {project_id:String}
  AND startsWith(node, {prefix:String})
LIMIT 1
