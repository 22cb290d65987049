import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tinyOnnxModel } from '../../../testing/tiny-onnx'
import { openOnnx } from './onnx-embeddings'
import { resolved } from './onnx-runtime'

/** onnxruntime is no part of the application: `KEYFRAME_ONNX_FOLDER` names a folder in which it is installed. */
const installed = process.env['KEYFRAME_ONNX_FOLDER'] ?? process.cwd()
const hasRuntime = ['onnxruntime-node', 'onnxruntime-web'].some((name) => resolved(installed, name) !== null)
const never = new AbortController().signal
const VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'apple', 'pear', '##s', 'bolt', 'a', 'function', 'that', 'adds', 'two', 'numbers']
const TOKENIZER = {
  added_tokens: [],
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
  model: { type: 'WordPiece', unk_token: '[UNK]', vocab: Object.fromEntries(VOCABULARY.map((token, id) => [token, id])) },
}

describe('a model on this machine', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyframe-onnx-'))
    writeFileSync(
      join(folder, 'model.onnx'),
      tinyOnnxModel(VOCABULARY.length, 16, (token, place) => (token === place ? 1 : 0)),
    )
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(TOKENIZER))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('needs both of its files, and a runtime that the user installs', async () => {
    await expect(openOnnx(folder, folder, never)).rejects.toMatchObject({
      failure: { code: 'embeddings.no-runtime', action: `Run \`npm install onnxruntime-node\` in ${folder}.` },
    })
    rmSync(join(folder, 'tokenizer.json'))
    await expect(openOnnx(folder, folder, never)).rejects.toMatchObject({ code: 'embeddings.no-model' })
  })

  it.skipIf(!hasRuntime)(
    'gives the mean of its tokens, whatever else is in the batch',
    { meta: { reason: 'onnxruntime is not installed; KEYFRAME_ONNX_FOLDER names a folder that has it' } },
    async () => {
      const provider = await openOnnx(folder, installed, never)
      expect(provider).toMatchObject({ provider: 'onnx', dimensions: 16, knows: 'meaning' })
      const place = (...tokens: string[]) =>
        Float32Array.from({ length: 16 }, (_, at) => tokens.filter((token) => VOCABULARY[at] === token).length / tokens.length)
      expect(await provider.embed(['Apples', 'bolt'], 'document', never)).toEqual([
        place('[CLS]', 'apple', '##s', '[SEP]'),
        place('[CLS]', 'bolt', '[SEP]'),
      ])
      await provider.dispose()
    },
  )

  it.skipIf(!hasRuntime || resolved(installed, '@huggingface/tokenizers') === null)(
    'takes a tokenizer that is not understood here to the installed one',
    {
      meta: { reason: 'onnxruntime and @huggingface/tokenizers are not both installed; KEYFRAME_ONNX_FOLDER names a folder that has them' },
    },
    async () => {
      const vocab = [...VOCABULARY.slice(0, 4), '▁apple', '▁pear', 's', '▁bolt', ...VOCABULARY.slice(8)].map((token, id) => [token, -id])
      const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true }
      const unigram = {
        ...{ version: '1.0', added_tokens: [], normalizer: null, pre_tokenizer: metaspace, decoder: metaspace },
        post_processor: null,
        model: { type: 'Unigram', unk_id: 1, vocab },
      }
      writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(unigram))
      const [vector] = await (await openOnnx(folder, installed, never)).embed(['apples bolt'], 'document', never)
      expect([...(vector ?? [])].map((share) => Math.round(share * 3))).toEqual([0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    },
  )

  it.skipIf(!hasRuntime)(
    'says so when the file is no model',
    { meta: { reason: 'onnxruntime is not installed; KEYFRAME_ONNX_FOLDER names a folder that has it' } },
    async () => {
      writeFileSync(join(folder, 'model.onnx'), 'not a model')
      await expect(openOnnx(folder, installed, never)).rejects.toMatchObject({ code: 'embeddings.onnx' })
    },
  )
})
