import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findAppRoot } from '../../src/main/cli/app-root'
import { Parsers } from '../../src/main/kernel/memory/code/grammar'
import { LANGUAGES } from '../../src/main/kernel/memory/code/languages'
import { IndexPass, indexParts } from '../../src/main/kernel/memory/store/index-pass'
import { openForWriting } from '../../src/main/kernel/memory/store/memory-database'
import { OpenCallReader } from '../../src/main/kernel/memory/store/open-call-reader'
import { upgradeCalls } from '../../src/main/kernel/memory/upgrade/call-upgrade'
import { createLspDriver } from '../../src/main/kernel/tools/drivers/lsp/lsp-driver'
import { LspSettings } from '../../src/main/kernel/tools/drivers/lsp/lsp-settings'
import { lspBinds } from '../../src/main/kernel/tools/drivers/lsp/server-process'
import { GUEST_NODE } from '../../src/main/kernel/tools/sandboxes/guest-view'
import { createOverlayProvider } from '../../src/main/kernel/tools/sandboxes/overlay-sandbox'
import { DEFAULT_LIMITS } from '../../src/main/kernel/tools/sandboxes/sandbox'
import type { GraphEdge } from '../../src/shared/graph'
import { filesIn, type LinkedFolder } from './linked-folder'

export type UpgradedFolder =
  | {
      readonly folder: LinkedFolder
      readonly asked: number
      readonly answered: number
      /** `calls` edges that were made of answers. */
      readonly edges: number
      readonly seconds: number
    }
  | { readonly missing: string }

/** A folder in an index of its own whose open calls were asked of language servers in a sandbox, as the product does behind everything else. */
export async function upgradedFolder(linked: LinkedFolder, isAsked: (path: string) => boolean): Promise<UpgradedFolder> {
  const { root } = linked
  const home = mkdtempSync(join(tmpdir(), 'keyframe-calls-'))
  const { database } = openForWriting(join(home, 'index.db'))
  const parsers = new Parsers()
  await parsers.load(LANGUAGES)
  const pass = new IndexPass(indexParts(root, database, parsers, { stopped: () => false, onProgress: () => undefined }))
  pass.reconcile(filesIn(root))
  const reader = new OpenCallReader(database)
  const appRoot = findAppRoot()
  const provider = createOverlayProvider({ nodePath: realpathSync(process.execPath) })
  const sandbox = await provider.open({
    ...{ dir: join(home, 'sandbox'), baseDir: root, layerDir: null, dependencies: [], binds: lspBinds(appRoot), limits: DEFAULT_LIMITS },
  })
  const driver = createLspDriver({ appRoot, guestNode: GUEST_NODE, settings: LspSettings.parse({}) })
  try {
    driver.attach(sandbox)
    const begun = performance.now()
    const { asked, answered, missing } = await upgradeCalls(
      {
        store: {
          openCalls: (languages, limit) =>
            reader
              .files(languages, 1_000_000)
              .filter(({ path }) => isAsked(path))
              .slice(0, limit),
          answered: ({ path, hash }, answers) => Promise.resolve(void pass.answered(path, hash, answers)),
        },
        openServer: async (language) => ({ channel: await driver.openChannel(language), dispose: () => Promise.resolve() }),
        readFile: (path) => Promise.resolve(readText(join(root, path))),
        turn: () => Promise.resolve(),
        onProgress: () => undefined,
        log: (line) => void process.stderr.write(`  ${line}\n`),
      },
      new AbortController().signal,
    )
    const seconds = (performance.now() - begun) / 1000
    const [first] = missing
    if (first !== undefined) return { missing: `${first.language}: ${first.reason}` }
    const edges = database
      .prepare<[], GraphEdge>(
        `SELECT a.key AS "from", b.key AS "to", kind, confidence, method, line FROM edges
           JOIN nodes a ON a.id = src JOIN nodes b ON b.id = dst WHERE valid_to IS NULL AND kind = 'calls'`,
      )
      .all()
    const made = edges.filter((edge) => edge.method === 'language server').length
    return { folder: { ...linked, edges }, asked, answered, edges: made, seconds }
  } finally {
    await driver.dispose()
    await sandbox.dispose()
    database.close()
    rmSync(home, { recursive: true, force: true })
  }
}

function readText(path: string): { text: string; hash: string } | null {
  if (!existsSync(path)) return null
  const bytes = readFileSync(path)
  return { text: bytes.toString(), hash: createHash('sha256').update(bytes).digest('hex') }
}
