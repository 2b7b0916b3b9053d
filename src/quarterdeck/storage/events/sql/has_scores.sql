-- Whether anybody judged a session of a project: one row if so, else none.
SELECT 1 AS found
FROM scores
WHERE project_id = {project_id:String}
LIMIT 1
