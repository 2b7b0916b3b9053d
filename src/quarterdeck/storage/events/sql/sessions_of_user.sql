-- All sessions of one user.
SELECT
    session_id
FROM sessions FINAL
WHERE project_id = {project_id:String}
  AND user_id = {user:String}
