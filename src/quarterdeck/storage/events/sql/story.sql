-- The parts of one session's story, as made for one revision of its record.
SELECT
    part,
    number,
    body
FROM stories
WHERE project_id = {project_id:String}
  AND session_id = {session_id:String}
  AND revision = {revision:String}
  AND first_ns >= {floor_ns:Int64}
ORDER BY part, number, ver DESC
LIMIT 1 BY part, number
