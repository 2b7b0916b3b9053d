-- The foreign objects that the spans of some traces were made from.
SELECT DISTINCT
    JSONExtractString(raw, 2, indexOf(JSONExtract(keys, 'Array(String)'), {attribute:String})) AS object
FROM spans
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
  AND position(keys, {attribute:String}) > 0
