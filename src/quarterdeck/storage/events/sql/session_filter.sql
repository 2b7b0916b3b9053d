  AND last_seen_ns >= {floor_ns:Int64}
  AND started_ns >= {since_ns:Int64}
  AND started_ns < {until_ns:Int64}
  AND (empty({status:Array(String)}) OR has({status:Array(String)}, status))
  AND (empty({outcome:Array(String)}) OR has({outcome:Array(String)}, outcome))
  AND (empty({task_type:Array(String)}) OR has({task_type:Array(String)}, task_type))
  AND (empty({workflow:Array(String)}) OR has({workflow:Array(String)}, workflow))
  AND (empty({version:Array(String)}) OR has({version:Array(String)}, version))
  AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, environment))
  AND (empty({user:Array(String)}) OR has({user:Array(String)}, user_id))
  AND (empty({agent:Array(String)}) OR hasAny(agents, {agent:Array(String)}))
  AND (empty({model:Array(String)}) OR hasAny(models, {model:Array(String)}))
  AND (empty({tool:Array(String)}) OR hasAny(tools, {tool:Array(String)}))
  AND (empty({tag:Array(String)}) OR hasAll(tags, {tag:Array(String)}))
  AND ({has_intervention:Int8} < 0 OR (interventions > 0) = ({has_intervention:Int8} = 1))
  AND ({has_errors:Int8} < 0 OR (episodes > 0) = ({has_errors:Int8} = 1))
  AND ({experiment:Int8} < 0 OR experiment = {experiment:Int8})
  AND (isNull({min_cost:Nullable(Decimal(18, 9))}) OR cost_usd >= {min_cost:Nullable(Decimal(18, 9))})
  AND (isNull({max_cost:Nullable(Decimal(18, 9))}) OR cost_usd <= {max_cost:Nullable(Decimal(18, 9))})
-- conditions
