import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { APP_ROOT, GUEST_NODE, makeOverlayWorkspace, type OverlayWorkspace } from '../../testing/overlay-workspace'
import { createLspDriver, type LspDriver } from '../../tools/drivers/lsp/lsp-driver'
import { LspSettings } from '../../tools/drivers/lsp/lsp-settings'
import { lspBinds } from '../../tools/drivers/lsp/server-process'
import { upgradeCalls } from './call-upgrade'
import type { AnsweredCall, FileWithOpenCalls, OpenCallStore } from './open-calls'

const FILES = {
  'tsconfig.json': '{"compilerOptions": {"strict": true}}',
  'src/rates.ts':
    'export interface Rates {\n  rateFor(country: string): number\n}\nexport const make = (): Rates => ({ rateFor: () => 1 })\n',
  'src/app.ts': "import { make } from './rates'\nconst all = [make()]\nall.forEach((one) => one.rateFor('x'))\nall.map(String)\n",
  'app.py': 'class Rates:\n    def rate_for(self):\n        return 1\n\nfor rates in [Rates()]:\n    rates.rate_for()\n',
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** What the index would ask for; a file that was answered is not asked for again. */
class RecordingStore implements OpenCallStore {
  readonly answers = new Map<string, readonly AnsweredCall[]>()
  readonly #files: readonly FileWithOpenCalls[]

  constructor(files: readonly FileWithOpenCalls[]) {
    this.#files = files
  }

  openCalls(languages: readonly string[], limit: number): FileWithOpenCalls[] {
    return this.#files.filter(({ path, language }) => languages.includes(language) && !this.answers.has(path)).slice(0, limit)
  }

  answered(file: FileWithOpenCalls, answers: readonly AnsweredCall[]): Promise<void> {
    this.answers.set(file.path, answers)
    return Promise.resolve()
  }
}

describe('calls that syntax leaves open', () => {
  let workspace: OverlayWorkspace
  let driver: LspDriver

  afterEach(async () => {
    await driver.dispose()
    await workspace.dispose()
  })

  it('are answered by real servers; what changed, what is missing and what lies outside is said', async () => {
    workspace = makeOverlayWorkspace(FILES, lspBinds(APP_ROOT))
    const sandbox = await workspace.open()
    driver = createLspDriver({ appRoot: APP_ROOT, guestNode: GUEST_NODE, settings: LspSettings.parse({}), onNotice: () => undefined })
    driver.attach(sandbox)
    const app = 'src/app.ts#'
    const store = new RecordingStore([
      {
        ...{ path: 'src/app.ts', language: 'typescript', hash: hashOf(FILES['src/app.ts']) },
        calls: [
          { from: app, name: 'rateFor', line: 3 },
          { from: app, name: 'map', line: 4 },
          { from: app, name: 'nowhere', line: 4 },
        ],
      },
      { path: 'src/rates.ts', language: 'typescript', hash: 'of another content', calls: [{ from: 'x', name: 'make', line: 4 }] },
      { path: 'app.py', language: 'python', hash: hashOf(FILES['app.py']), calls: [{ from: 'app.py', name: 'rate_for', line: 6 }] },
      { path: 'a.odd', language: 'go', hash: '', calls: [{ from: 'y', name: 'z', line: 1 }] },
    ])
    const progress: string[] = []
    const report = await upgradeCalls(
      {
        store,
        openServer: async (language) =>
          language === 'go'
            ? { missing: 'there is none' }
            : { channel: await driver.openChannel(language), dispose: () => Promise.resolve() },
        readFile: (path) => {
          const text = Object.entries(FILES).find(([name]) => name === path)?.[1]
          return Promise.resolve(text === undefined ? null : { text, hash: hashOf(text) })
        },
        turn: () => Promise.resolve(),
        onProgress: (done, language) => progress.push(`${done} ${language}`),
        log: (line) => progress.push(line),
      },
      new AbortController().signal,
    )
    expect(store.answers.get('src/app.ts')).toEqual([
      { from: app, name: 'rateFor', line: 3, target: { path: 'src/rates.ts', line: 2, column: 2 } },
      { from: app, name: 'map', line: 4, target: null },
      { from: app, name: 'nowhere', line: 4, target: null },
    ])
    expect(store.answers.get('src/rates.ts')).toEqual([])
    expect(store.answers.get('app.py')).toEqual([
      { from: 'app.py', name: 'rate_for', line: 6, target: { path: 'app.py', line: 2, column: 8 } },
    ])
    expect(report).toEqual({ asked: 4, answered: 2, missing: [{ language: 'go', reason: 'there is none' }] })
    expect(progress).toEqual(['3 typescript', '3 typescript', '1 python'])
  })
})
