-- The objects of one kind that something was said of, e.g. all spans that are waited for.
SELECT DISTINCT home
FROM fragments
WHERE project_id = {project_id:String}
  AND fragment != ''
  AND startsWith(home, {beginning:String})
LIMIT {most:UInt32}
