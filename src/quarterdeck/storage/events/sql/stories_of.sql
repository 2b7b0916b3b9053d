-- Which of some sessions have a story.
SELECT DISTINCT session_id
FROM stories
WHERE project_id = {project_id:String}
  AND session_id IN {session_ids:Array(String)}
