import { KeyframeError } from '../../../../../shared/failure'

/** Those of the protocol, which every client should know. */
export const SEMANTIC_TOKEN_TYPES =
  'namespace type class enum interface struct typeParameter parameter variable property enumMember event function method macro keyword modifier comment string number regexp operator decorator'.split(
    ' ',
  )
export const SEMANTIC_TOKEN_MODIFIERS =
  'declaration definition readonly static deprecated abstract async modification documentation defaultLibrary'.split(' ')

export interface SemanticToken {
  /** Counts from 1. */
  readonly line: number
  /** UTF-16 units from 0. */
  readonly startColumn: number
  readonly endColumn: number
  readonly type: string
  readonly modifiers: string[]
}

const FIELDS = 5

/**
 * The five numbers of each token as the protocol packs them: line and column relative to the token before, length, type and a bit
 * set of modifiers by the server's legend. Throws `lsp.bad-answer` for numbers that are not such a list.
 */
export function decodeSemanticTokens(
  data: readonly number[],
  legend: { readonly tokenTypes: readonly string[]; readonly tokenModifiers: readonly string[] },
  maxTokens: number,
): SemanticToken[] {
  if (data.length % FIELDS !== 0) {
    throw new KeyframeError({
      code: 'lsp.bad-answer',
      message: 'The language server sent semantic tokens that are not whole.',
      retryable: true,
    })
  }
  const tokens: SemanticToken[] = []
  let line = 1
  let column = 0
  for (let at = 0; at < data.length && tokens.length < maxTokens; at += FIELDS) {
    const [deltaLine = 0, deltaColumn = 0, length = 0, type = 0, modifierBits = 0] = data.slice(at, at + FIELDS)
    line += deltaLine
    column = deltaLine > 0 ? deltaColumn : column + deltaColumn
    tokens.push({
      line,
      startColumn: column,
      endColumn: column + length,
      type: legend.tokenTypes[type] ?? 'unknown',
      modifiers: legend.tokenModifiers.filter((_, bit) => bit < 31 && (modifierBits & (1 << bit)) !== 0),
    })
  }
  return tokens
}
