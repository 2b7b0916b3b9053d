-- Sessions of a project whose row was written after `after_ver`, deleted ones included; oldest first.
SELECT
    session_id,
    max(ver) AS newest
FROM sessions
WHERE project_id = {project_id:String}
  AND ver > {after_ver:UInt64}
GROUP BY session_id
ORDER BY newest, session_id
LIMIT {limit:UInt32}
