import { z } from 'zod'
import type { AgentApi, AgentProgram } from '../../src/main/kernel/agents/agent-api'
import { randomNumbers } from './words'

type Act = (api: AgentApi, random: () => number) => Promise<{ ok: boolean }>

const call =
  (tool: string, args: (random: () => number) => unknown): Act =>
  async (api, random) =>
    (await api.call(tool, args(random), z.unknown())).outcome

const file = (random: () => number): string => `src/m${Math.floor(random() * 120)}.ts`
const pick = (random: () => number, choices: readonly string[]): string => choices[Math.floor(random() * choices.length)] ?? ''

const COMMANDS = [
  'ls -l src | head -20',
  'git --version',
  'node -e "console.log([...Array(2000).keys()].reduce((a, b) => a + b))"',
  'rg -c export src | wc -l',
  'for i in 1 2 3 4 5; do echo "line $i"; sleep 0.02; done',
  'mkdir -p out && cp src/m1.ts out/ && rm -rf out',
  'export SOAK=$RANDOM; cd src && pwd && cd ..',
  'yes | head -c 200000',
  '(sleep 0.3; echo done > .soak) & wait',
  'false',
  'cat does-not-exist',
]

/** What an agent does most comes most often. Every act is one or a few tool calls. */
const ACTS: readonly (readonly [weight: number, act: Act])[] = [
  [24, call('fs.read', (random) => ({ path: file(random) }))],
  [10, call('fs.replace', (random) => ({ path: file(random), oldText: 'return', newText: pick(random, ['return ', 'return  ']) }))],
  [
    8,
    call('fs.write', (random) => ({
      path: `notes/n${Math.floor(random() * 40)}.md`,
      text: `note ${random()}\n`.repeat(1 + Math.floor(random() * 50)),
    })),
  ],
  [8, call('code.search', (random) => ({ query: pick(random, ['export', 'total', 'Ledger', 'nothing-like-it']), limit: 50 }))],
  [6, call('fs.glob', () => ({ pattern: '**/*.ts' }))],
  [4, call('fs.list', () => ({ path: 'src' }))],
  [4, call('fs.stat', (random) => ({ path: file(random) }))],
  [20, call('shell.run', (random) => ({ command: pick(random, COMMANDS), timeoutMs: 20_000 }))],
  [2, call('shell.run', () => ({ command: 'sleep 30', timeoutMs: 150 }))],
  [2, call('shell.run', (random) => ({ command: 'echo $PWD', session: pick(random, ['one', 'two']) }))],
  [4, call('lsp.documentSymbols', (random) => ({ path: file(random) }))],
  [3, call('lsp.references', (random) => ({ path: file(random), line: 1, column: 16 }))],
  [2, call('lsp.diagnostics', (random) => ({ paths: [file(random)] }))],
  [2, call('fs.remove', (random) => ({ path: `notes/n${Math.floor(random() * 40)}.md` }))],
  [1, call('fs.write', () => ({ path: '.git/config', text: 'refused' }))],
]

const weightOfAll = ACTS.reduce((sum, [weight]) => sum + weight, 0)

function chosen(random: () => number): Act {
  let left = random() * weightOfAll
  for (const [weight, act] of ACTS) if ((left -= weight) < 0) return act
  return call('fs.list', () => ({ path: '' }))
}

/** Agent-like traffic: `task` is a seed and how many calls to make. Deterministic, so that its runs replay. */
export const soakAgent: AgentProgram = {
  id: 'soak',
  version: '1',
  title: 'Soak',
  summary: 'Makes calls as agents do.',
  examples: [],
  mutates: true,
  role: 'coder',
  async run(api) {
    const [seed = 1, calls = 100] = api.task.split(' ').map(Number)
    const random = randomNumbers(seed)
    let point: { readonly frame: number } | null = null
    for (let made = 0; made < calls; made += 1) {
      await chosen(random)(api, random)
      if (made % 40 === 20) point = await api.checkpoint(`after ${made}`)
      if (made % 90 === 70 && point !== null) await api.rollback(point)
      if (made % 100 === 50) {
        const variants = ['one', 'two'].map((label) => ({
          label,
          detail: label,
          run: async (branch: AgentApi) => {
            const own = randomNumbers(seed * 7 + label.length)
            for (let step = 0; step < 5; step += 1) await chosen(own)(branch, own)
            return { ok: false, summary: 'only to fork' }
          },
        }))
        await api.speculate(variants)
      }
    }
    return { ok: true, summary: `${calls} calls` }
  },
}
