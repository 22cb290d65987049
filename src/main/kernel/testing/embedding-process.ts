import { createVectorIndex } from '../memory/retrieval/vectors/vector-index'

/** Embeds an index until it is killed; says how far it is. */
const [folder = '', url = ''] = process.argv.slice(2)
const vectors = createVectorIndex({ vectorsPath: `${folder}/vectors.db`, indexPath: `${folder}/memory.db`, applicationFolder: folder })
// Whoever listened has heard enough and is about to kill it.
process.stdout.on('error', () => undefined)
vectors.onStatus(({ embedded }) => process.stdout.write(`${embedded}\n`))
await vectors.configure({ provider: 'openai-compatible', url, model: 'letters', dimensions: null, keyVariable: null })
