import { spawn } from 'node:child_process'
import { KeyframeError } from '../../../../shared/failure'

const PLAIN = new Set(
  'the and for with from that this into not are was has have when which use used using add added fix fixed make makes new all now but can should also only other than then them they it its of to in on is be as at by or an a'.split(
    ' ',
  ),
)
const MOST_WORDS = 12

/**
 * What a search for the words of a query with ripgrep gives: files with the most of them first, then by how often. The yardstick for what an
 * index adds. Null when ripgrep is not installed.
 */
export async function ripgrepWords(query: string, root: string, limit: number, signal: AbortSignal): Promise<string[] | null> {
  const words = [...new Set(query.toLowerCase().match(/[\p{L}_][\p{L}\p{N}_]{2,}/gu) ?? [])].filter((word) => !PLAIN.has(word))
  const files = new Map<string, { words: number; times: number }>()
  for (const word of words.slice(0, MOST_WORDS)) {
    const counts = await countsOf(word, root, signal)
    if (counts === null) return null
    for (const [path, times] of counts) {
      const known = files.get(path) ?? { words: 0, times: 0 }
      files.set(path, { words: known.words + 1, times: known.times + times })
    }
  }
  return [...files]
    .sort((a, b) => b[1].words - a[1].words || b[1].times - a[1].times || (a[0] < b[0] ? -1 : 1))
    .slice(0, limit)
    .map(([path]) => path)
}

function countsOf(word: string, root: string, signal: AbortSignal): Promise<[string, number][] | null> {
  return new Promise((resolve, reject) => {
    const args = ['--no-config', '--count-matches', '--ignore-case', '--fixed-strings', '--null', '--threads', '2', '--', word, '.']
    // Of the environment only what it takes to find the program.
    const child = spawn('rg', args, { cwd: root, signal, stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: process.env['PATH'] } })
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    child.once('error', (thrown: Error & { code?: string }) => {
      if (thrown.code === 'ENOENT') resolve(null)
      else if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : thrown)
      else reject(new KeyframeError({ code: 'search.ripgrep', message: `ripgrep failed: ${thrown.message}` }, { cause: thrown }))
    })
    child.once('close', () => {
      const lines = Buffer.concat(pieces).toString('utf8').split('\n')
      resolve(
        lines.flatMap((line): [string, number][] => {
          const [path, count] = line.split('\0')
          return path === undefined || count === undefined ? [] : [[path.replace(/^\.\//, ''), Number(count)]]
        }),
      )
    })
  })
}
