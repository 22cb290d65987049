/** The article's question first, with the names of the sample workspace; all others can be asked of any repository. */
export const QUERY_EXAMPLES: readonly { readonly title: string; readonly cypher: string }[] = [
  {
    title: 'Where user_id goes from the gateway to billing (sample)',
    cypher: `MATCH path = (src:Entity {name: "route"})-[:CALLS*1..5]->(dst:Entity {name: "chargeUser"})
WHERE ANY(n IN nodes(path) WHERE n.signature CONTAINS "userId")
RETURN path`,
  },
  {
    title: 'Who calls whom',
    cypher: `MATCH (a:Function)-[:CALLS]->(b:Function)
RETURN a, b
LIMIT 200`,
  },
  {
    title: 'What is called most',
    cypher: `MATCH (caller)-[:CALLS]->(f)
RETURN f, count(caller) AS callers
ORDER BY callers DESC
LIMIT 25`,
  },
  {
    title: 'Exported functions that no test exercises',
    cypher: `MATCH (f:Function {exported: true})
WHERE NOT (f)<-[:TESTS]-()
RETURN f, f.path AS file
ORDER BY file
LIMIT 100`,
  },
  {
    title: 'Decisions and what they are about',
    cypher: `MATCH (d:Adr)-[:DOCUMENTS]->(n)
RETURN d, d.status AS status, n`,
  },
  {
    title: 'Incidents and their causes',
    cypher: `MATCH (i:Incident)-[:CAUSED_BY]->(cause)
RETURN i, cause`,
  },
  {
    title: 'Files by owner',
    cypher: `MATCH (f:File)-[:OWNED_BY]->(o)
RETURN o.name AS owner, count(f) AS files
ORDER BY files DESC`,
  },
  {
    title: 'Tables and their columns',
    cypher: `MATCH (t:Table)-[:CONTAINS]->(c:Column)
RETURN t, c
LIMIT 200`,
  },
  {
    title: 'Where environment variables are read',
    cypher: `MATCH (v:EnvVar)--(n)
RETURN v, n
LIMIT 100`,
  },
  {
    title: 'Calls that only a name suggests',
    cypher: `MATCH (a)-[r:MAYBE_CALLS]->(b)
RETURN a, b, r.confidence AS confidence
ORDER BY confidence
LIMIT 100`,
  },
  {
    title: 'Kinds and how many there are',
    cypher: `MATCH (n)
RETURN n.kind AS kind, count(*) AS many
ORDER BY many DESC`,
  },
]
