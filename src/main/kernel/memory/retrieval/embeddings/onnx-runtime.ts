import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { KeyframeError } from '../../../../../shared/failure'

/** What is used of onnxruntime, which is not part of the application: it is three times as large as everything else. */
export interface OnnxTensor {
  readonly data: unknown
  readonly dims: readonly number[]
}
export interface OnnxSession {
  readonly inputNames: readonly string[]
  run(inputs: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>
  release?(): Promise<void>
}
export interface OnnxRuntime {
  readonly InferenceSession: { create(path: string): Promise<OnnxSession> }
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => OnnxTensor
}

const PACKAGES = ['onnxruntime-node', 'onnxruntime-web'] as const

/** The first of the folders that has one; native before WebAssembly. Rejects with `embeddings.no-runtime`. */
export async function loadRuntime(folders: readonly string[]): Promise<OnnxRuntime> {
  const [first = '.'] = folders
  for (const name of PACKAGES) {
    for (const folder of folders) {
      const path = resolved(folder, name)
      if (path === null) continue
      const runtime = await imported(path, name)
      if (runtime !== null) return runtime
    }
  }
  throw new KeyframeError({
    code: 'embeddings.no-runtime',
    message: `Neither ${PACKAGES.join(' nor ')} is installed in ${folders.join(' or ')}.`,
    action: `Run \`npm install onnxruntime-node\` in ${first}.`,
  })
}

async function imported(path: string, name: string): Promise<OnnxRuntime | null> {
  let module: unknown
  try {
    module = await import(pathToFileURL(path).href)
  } catch (cause) {
    throw new KeyframeError(
      {
        code: 'embeddings.no-runtime',
        message: `${name} is installed at ${path} but cannot be loaded: ${cause instanceof Error ? cause.message.slice(0, 300) : String(cause)}`,
        action: 'Install it for this platform, or install onnxruntime-web, which runs everywhere.',
      },
      { cause },
    )
  }
  const inner = typeof module === 'object' && module !== null && 'default' in module ? module.default : null
  return isRuntime(module) ? module : isRuntime(inner) ? inner : null
}

function isRuntime(value: unknown): value is OnnxRuntime {
  return (
    typeof value === 'object' &&
    value !== null &&
    'Tensor' in value &&
    typeof value.Tensor === 'function' &&
    'InferenceSession' in value &&
    typeof value.InferenceSession === 'function' &&
    'create' in value.InferenceSession
  )
}

/** The file of an installed package, as a program in the folder would load it; null when it is not there. */
export function resolved(folder: string, name: string): string | null {
  try {
    return createRequire(join(folder, 'package.json')).resolve(name)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return null
    throw thrown
  }
}
