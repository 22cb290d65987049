import type { EmbeddingSettings } from '../../../../../shared/contract/methods'
import { ollama, openAiCompatible } from './http-embeddings'
import { createNgramHash } from './ngram-hash'
import { openOnnx } from './onnx-embeddings'
import type { EmbeddingProvider } from './provider'

/** The provider of the settings, tried with one text. Rejects with `embeddings.*` and what to do. */
export async function openProvider(
  settings: EmbeddingSettings,
  applicationFolder: string,
  signal: AbortSignal,
): Promise<EmbeddingProvider> {
  switch (settings.provider) {
    case 'built-in':
      return createNgramHash()
    case 'openai-compatible':
      return openAiCompatible(settings, signal)
    case 'ollama':
      return ollama(settings, signal)
    case 'onnx':
      return openOnnx(settings.folder, applicationFolder, signal)
  }
}
