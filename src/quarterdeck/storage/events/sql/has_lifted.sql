-- Whether a project has log records that belong to spans: one row if so, else none.
SELECT 1 AS found
FROM lifted
WHERE project_id = {project_id:String}
LIMIT 1
