import Database from 'better-sqlite3'
import { GraphReader } from '../src/main/kernel/memory/graph/graph-reader'
import { LIVE } from '../src/main/kernel/memory/view'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { syntheticGraph } from './support/synthetic-graph'

const WARM_UP = 40
const ROUNDS = 400
const PEER_ROUNDS = 40
const PATH_GATE_MS = 10

/** Questions to a graph of 100k nodes and 500k edges, as of now, of an old version and of a branch. */
export default async function graph(): Promise<Measurement[]> {
  const synthetic = syntheticGraph()
  const database = new Database(synthetic.path, { readonly: true, fileMustExist: true })
  try {
    const rounds = scaled(ROUNDS, 8)
    const pairs = synthetic.pairs(rounds + WARM_UP)
    const live = new GraphReader(database, LIVE)
    const note = `${synthetic.nodes} nodes, ${synthetic.edges} edges`

    const waysIn = (reader: GraphReader, samples: Samples) => {
      let found = 0
      let cut = 0
      for (const [round, { from, to }] of pairs.entries()) {
        const cypher = `MATCH path = (a {key: "${from}"})-[:CALLS*1..5]->(b {key: "${to}"}) RETURN path LIMIT 100`
        const startedAt = performance.now()
        const table = reader.query(cypher, 100)
        if (round >= WARM_UP) samples.add(performance.now() - startedAt)
        if (table.rows.length > 0) found += 1
        if (table.truncated) cut += 1
      }
      return `${found} of ${pairs.length} pairs have a way; ${cut} answers cut off by the work limit`
    }

    const ways = new Samples()
    const foundNow = waysIn(live, ways)
    const [old, branch] = [new Samples(), new Samples()]
    const foundThen = waysIn(new GraphReader(database, synthetic.old), old)
    const foundThere = waysIn(new GraphReader(database, synthetic.branch), branch)

    const recursive = new Samples()
    const peer = database.prepare<[string, string]>(RECURSIVE)
    for (const { from, to } of pairs.slice(0, scaled(PEER_ROUNDS, 2))) await recursive.time(() => peer.all(from, to))

    const shortest = new Samples()
    for (const { from, to } of pairs) await shortest.time(() => live.path(from, to, 5))

    const article = new Samples()
    const articlePeer = new Samples()
    const filtered = database.prepare<[string, string]>(RECURSIVE_FILTERED)
    let passing = 0
    const named = synthetic.namedPairs(rounds)
    for (const [round, { from, to }] of named.entries()) {
      await article.time(() => {
        passing += live.query(articleQuery(from, to), 100).rows.length > 0 ? 1 : 0
      })
      if (round < scaled(PEER_ROUNDS, 2)) await articlePeer.time(() => filtered.all(from, to))
    }

    const near = new Samples()
    for (const { from } of pairs) await near.time(() => live.neighbourhood(from, 2, 300))
    const reach = new Samples()
    for (const { from } of pairs)
      await reach.time(() => live.query(`MATCH (a {key: "${from}"})-[:CALLS*1..3]->(b) RETURN DISTINCT b.name ORDER BY b.name`, 1000))
    const scan = new Samples()
    const counting = 'MATCH (f:Function) WHERE f.name ENDS WITH "00" RETURN f.path, count(*) AS many ORDER BY many DESC LIMIT 10'
    for (let round = 0; round < scaled(20, 3); round += 1) await scan.time(() => live.query(counting, 100))
    const opened = new Samples()
    for (let round = 0; round < scaled(20, 3); round += 1)
      await opened.time(() => new GraphReader(database, synthetic.branch).node(pairs[round]?.from ?? ''))
    const counts = new Samples()
    for (let round = 0; round < 3; round += 1) await counts.time(() => live.summary())

    const peers = [{ name: 'recursive SQL, the same pairs', samples: recursive, note: `${recursive.spread.count} of the pairs` }]
    return [
      durations('ways of 1..5 calls between two functions', 'p95', ways, { gateMs: PATH_GATE_MS, peers, note: `${note}; ${foundNow}` }),
      durations('the same in a version 50 passes ago', 'p95', old, { gateMs: PATH_GATE_MS, note: foundThen }),
      durations("the same in a branch's layer over it", 'p95', branch, { gateMs: PATH_GATE_MS, note: foundThere }),
      durations('shortest ways, as the window shows them', 'p95', shortest, { gateMs: PATH_GATE_MS }),
      durations("the article's query", 'p95', article, {
        peers: [{ name: 'recursive SQL with the filter', samples: articlePeer, note: `${articlePeer.spread.count} of the pairs` }],
        note: `${passing} of ${named.length} pairs have a way through a user_id`,
      }),
      durations('neighbourhood, two steps, 300 nodes', 'p95', near),
      durations('all that is reached in 1..3 calls, each once, sorted', 'p95', reach),
      durations('a condition on all functions, grouped: cut off by the work limit', 'max', scan),
      durations("opening a branch's view, first question", 'max', opened),
      durations('counts by kind', 'max', counts),
    ]
  } finally {
    database.close()
  }
}

function articleQuery(from: string, to: string): string {
  return `MATCH path = (src:Entity {name: "${from}"})-[:CALLS*1..5]->(dst:Entity {name: "${to}"})
WHERE ANY(n IN nodes(path) WHERE n.name CONTAINS "user_id")
RETURN path`
}

const RECURSIVE = `WITH RECURSIVE way(node, depth, trail) AS (
  SELECT id, 0, '/' || id || '/' FROM nodes WHERE key = ?
  UNION ALL
  SELECT e.dst, way.depth + 1, way.trail || e.dst || '/' FROM way JOIN edges e ON e.src = way.node
  WHERE way.depth < 5 AND e.kind = 'calls' AND e.layer = 0 AND e.valid_to IS NULL AND instr(way.trail, '/' || e.dst || '/') = 0)
SELECT trail FROM way WHERE depth > 0 AND node = (SELECT id FROM nodes WHERE key = ?) LIMIT 100`

const RECURSIVE_FILTERED = `WITH RECURSIVE way(node, depth, trail, passed) AS (
  SELECT node_id, 0, '/' || node_id || '/', instr(name, 'user_id') > 0 FROM entities WHERE name_lower = ? AND layer = 0 AND valid_to IS NULL
  UNION ALL
  SELECT e.dst, way.depth + 1, way.trail || e.dst || '/', way.passed OR instr(n.name, 'user_id') > 0
  FROM way JOIN edges e ON e.src = way.node JOIN entities n ON n.node_id = e.dst AND n.layer = 0 AND n.valid_to IS NULL
  WHERE way.depth < 5 AND e.kind = 'calls' AND e.layer = 0 AND e.valid_to IS NULL AND instr(way.trail, '/' || e.dst || '/') = 0)
SELECT trail FROM way WHERE depth > 0 AND passed
  AND node IN (SELECT node_id FROM entities WHERE name_lower = ? AND layer = 0 AND valid_to IS NULL) LIMIT 100`
