import { describe, expect, it } from 'vitest'
import { readTokenizer } from './tokenizer'

const wordPiece = (over: object = {}) => ({
  normalizer: { type: 'BertNormalizer', lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    special_tokens: { '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] } },
  },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    vocab: { '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, un: 4, '##aff': 5, '##able': 6, '!': 7, cafe: 8, 世: 9 },
  },
  ...over,
})
const bpe = (over: object = {}) => ({
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
  post_processor: { type: 'RobertaProcessing', sep: ['</s>', 1], cls: ['<s>', 0] },
  model: {
    type: 'BPE',
    vocab: { l: 2, o: 3, w: 4, e: 5, r: 6, lo: 7, low: 8, er: 9, Ġ: 10, Ġlow: 11, Ã: 12, '¤': 13 },
    merges: ['l o', 'lo w', 'e r', ['Ġ', 'low']],
  },
  ...over,
})

describe('tokenizers', () => {
  it('read WordPiece: the longest piece, then its continuations; a word with an unknown part is unknown', () => {
    const { encode } = readTokenizer(wordPiece())
    expect(encode('Unaffable!', 10)).toEqual([2, 4, 5, 6, 7, 3])
    expect(encode('Café 世x unx', 10)).toEqual([2, 8, 9, 1, 1, 3])
    expect(encode('unaffable unaffable', 5)).toEqual([2, 4, 5, 6, 3])
    expect(encode('', 5)).toEqual([2, 3])
  })

  it('read byte-level BPE: pairs in the order in which they were learnt, any text by its bytes', () => {
    const { encode } = readTokenizer(bpe())
    expect(encode('low lower', 10)).toEqual([0, 8, 11, 9, 1])
    expect(encode('ä', 10)).toEqual([0, 12, 13, 1])
    expect(encode('low low low', 4)).toEqual([0, 8, 11, 1])
  })

  it.each([
    ['Unigram', { model: { type: 'Unigram', vocab: [['a', 0]] } }],
    ['another pre-tokenizer', { ...wordPiece({ pre_tokenizer: { type: 'Metaspace' } }) }],
    ['another normalizer', { ...bpe({ normalizer: { type: 'Precompiled' } }) }],
    ['another form', { model: 7 }],
  ])('say what they cannot read: %s', (_, file) => {
    expect(() => readTokenizer(file)).toThrow(expect.objectContaining({ code: 'embeddings.tokenizer' }))
  })
})
