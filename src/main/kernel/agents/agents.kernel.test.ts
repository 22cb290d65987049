import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunSummary } from '../../../shared/contract/methods'
import type { Caller } from '../../../shared/contract/service'
import { type Kernel, openKernel } from '../kernel'
import { createSampleWorkspace } from '../workspace/sample-workspace'

const appRoot = resolve(import.meta.dirname, '../../../..')
const caller: Caller = { id: 'test', signal: new AbortController().signal }
let folder: string
let root: string
let kernel: Kernel

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-agents-'))
  root = join(folder, 'sample')
  await createSampleWorkspace(join(appRoot, 'resources/sample'), root)
  kernel = await openKernel({ root, home: join(folder, 'home'), appRoot, nodePath: process.execPath, log: () => undefined })
})
afterAll(async () => {
  await kernel.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const git = (...args: string[]): string => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' })
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Ended {
  readonly run: RunSummary
  readonly messages: string
}

async function runTask(agent: string, task: string): Promise<Ended> {
  git('add', '-A')
  git('-c', 'user.name=T', '-c', 'user.email=t@t', 'commit', '-qm', 'before', '--allow-empty')
  const { runId } = await kernel.call('runs.start', { agent, task, approval: 'yes' }, caller)
  for (;;) {
    const run = await kernel.call('runs.get', { runId }, caller)
    if (['completed', 'failed', 'cancelled'].includes(run.state)) return { run, messages: await messagesOf(runId) }
    await new Promise((resume) => setTimeout(resume, 50))
  }
}

async function messagesOf(runId: RunSummary['runId']): Promise<string> {
  const texts: string[] = []
  for (let from = 1; ;) {
    const { frames } = await kernel.call('frames.list', { runId, from, limit: 1000 }, caller)
    for (const frame of frames) if (frame.kind === 'agent.message') texts.push(frame.payload.text)
    const last = frames.at(-1)
    if (last === undefined) return texts.join('\n')
    from = last.n + 1
  }
}

describe('the built-in agents on the sample workspace', { timeout: 300_000 }, () => {
  test('trace: each hop of the user_id from the gateway to the charge', async () => {
    const { run, messages } = await runTask('analyst', 'trace handleCreateInvoice to chargeUser')
    expect({ state: run.state, messages }).toMatchObject({ state: 'completed' })
    expect(messages).toMatch(
      /handleCreateInvoice reaches chargeUser in 2 hops\.[^]*createInvoice[^]*src\/invoices\/invoice-service\.ts:\d+/,
    )
  })

  test('references by file, with what they do there', async () => {
    const { run, messages } = await runTask('analyst', 'find references of chargeUser')
    expect({ state: run.state, messages }).toMatchObject({ state: 'completed' })
    expect(messages).toContain('src/billing/billing.ts:3 export')
    expect(messages).toMatch(/src\/invoices\/invoice-service\.ts:\d+ call: await chargeUser\(/)
    expect(git('status', '--porcelain')).toBe('')
  })

  test('a move of a re-exported function', async () => {
    const { run, messages } = await runTask('refactorer', 'move symbol formatMoney to src/billing/format-money.ts')
    expect({ state: run.state, messages }).toMatchObject({ state: 'completed' })
    expect(read('src/billing/format-money.ts')).toContain('export function formatMoney(amount: Money): string {')
  })

  test('organised imports of two modules', async () => {
    const { run, messages } = await runTask('refactorer', 'organise imports in src/{invoices,gateway}/*.ts')
    expect({ state: run.state, messages }).toMatchObject({ state: 'completed' })
    expect(read('src/invoices/render.ts')).not.toContain('notFound')
    expect(read('src/gateway/router.ts')).not.toContain('formatMoney')
  })

  test('a fix in every file that has the diagnostic', async () => {
    writeFileSync(join(root, 'src/billing/tax.ts'), `import { money } from './money.ts'\n${read('src/billing/tax.ts')}`)
    const { run, messages } = await runTask('refactorer', 'apply fix 6133 in src/billing')
    expect({ state: run.state, messages }).toMatchObject({ state: 'completed' })
    expect(read('src/billing/tax.ts')).not.toContain('money')
  })

  test('a rename, merged with its comments and docs', async () => {
    const { run, messages } = await runTask('refactorer', 'rename symbol calculateInvoiceTotal to invoiceTotal')
    expect({ state: run.state, messages }).toMatchObject({ state: 'completed' })
    expect(git('grep', '-lw', 'calculateInvoiceTotal').trim().split('\n')).toEqual([
      'CHANGELOG.md',
      'db/migrations/0002_invoices.sql',
      'docs/incidents/2026-03-02-double-tax.md',
    ])
    const tests = execFileSync(process.execPath, ['--test', 'src/**/*.test.ts'], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    })
    expect(tests).toMatch(/fail 0/)
    expect(
      execFileSync(process.execPath, [resolve(appRoot, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: root, encoding: 'utf8' }),
    ).toBe('')
  })

  test('failing checks are explained with the place that fails', async () => {
    writeFileSync(join(root, 'src/billing/tax.ts'), read('src/billing/tax.ts').replace('0.19', '0.91'))
    const { run, messages } = await runTask('analyst', 'run checks and explain failures')
    expect(run.state).toBe('failed')
    expect(messages).toContain('src/billing/calculate-total.test.ts')
  })
})
