-- Whether any session of the project is, or ever was, a trial of a case.
SELECT 1
FROM sessions
WHERE project_id = {project_id:String}
  AND case_id != ''
LIMIT 1
