import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createFileStore } from '../checkpoints/file-store'
import { ContentHash } from '../../../shared/ids'
import { MemoryContentStore } from './memory-content-store'

/** One merge in a process of its own, to be killed: node merge-process.mjs ROOT DATA CONTENT_JSON BASE MANIFEST JOURNAL. */
const [root = '', dataDir = '', contentFile = '', base = '', manifest = '', journalDir = ''] = process.argv.slice(2)
const content = new MemoryContentStore()
const stored: unknown = JSON.parse(readFileSync(contentFile, 'utf8'))
if (!Array.isArray(stored)) throw new Error('no content')
for (const bytes of stored) if (typeof bytes === 'string') content.put(Buffer.from(bytes, 'base64'))
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const store = createFileStore({ root, dataDir, content, owner, nodePath: process.execPath })
const frozen = await store.findBase(ContentHash.parse(base))
console.log('begin')
const outcome = await store.merge(frozen, ContentHash.parse(manifest), null, [], journalDir)
console.log(`end ${outcome.applied.length} ${outcome.conflicts.length} ${hash('sha256', JSON.stringify(outcome))}`)
