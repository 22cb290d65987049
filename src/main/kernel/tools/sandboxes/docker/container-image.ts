import { posix } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import { GUEST_WORKSPACE } from '../guest-view'
import { engineMessage, type EngineClient } from './engine-client'
import { Created, ImageView } from './engine-shapes'
import { KERNEL_LABEL, kernelMark } from '../kernel-mark'

/** What sandboxes need to know of an image. */
export interface ContainerImage {
  readonly id: string
  readonly name: string
  /** The image's own PATH, or the usual one. */
  readonly path: readonly string[]
  /** Its /etc/passwd and /etc/group. */
  readonly passwd: string
  readonly group: string
  /** Folders that it declares as volumes: the engine would give each one without a limit. */
  readonly volumes: readonly string[]
  readonly notices: readonly string[]
}

const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** The pinned Node asks for glibc's loader by this name. */
const LOADERS: Readonly<Record<string, string>> = { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' }
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/**
 * Looks into an image without running anything of it. Throws `sandbox.no-image` when the engine does not have it (nothing is pulled
 * unasked), `sandbox.unsuitable-image` when tools could not run in it.
 */
export async function inspectImage(engine: EngineClient, name: string): Promise<ContainerImage> {
  const found = await engine.send('GET', `/images/${encodeURIComponent(name)}/json`)
  if (found.status === 404) {
    throw new KeyframeError({
      code: 'sandbox.no-image',
      message: `The Docker engine has no image ${name}.`,
      action: `Get it with \`docker pull ${name}\`, or name one that is there: KEYFRAME_DOCKER_IMAGE=<image>.`,
    })
  }
  if (found.status >= 300) throw new KeyframeError({ code: 'docker.refused', message: `The image ${name}: ${engineMessage(found)}` })
  const image = ImageView.parse(JSON.parse(found.body.toString('utf8')))
  const wanted = ARCHITECTURES[process.arch] ?? process.arch
  if (image.Architecture !== '' && image.Architecture !== wanted) throw unsuitable(name, `is for ${image.Architecture}, not ${wanted}`)
  const volumes = Object.keys(image.Config?.Volumes ?? {}).map((path) => posix.normalize(path).replace(/(?<=.)\/$/, ''))
  if (volumes.some((path) => path.startsWith(`${GUEST_WORKSPACE}/`) || path === '/')) {
    throw unsuitable(name, `declares a volume in ${GUEST_WORKSPACE}, where the branch's files are`)
  }
  const { Id: container } = await engine.post(Created, '/containers/create', {
    Image: image.Id,
    Entrypoint: ['/never-started'],
    Labels: { [KERNEL_LABEL]: kernelMark() },
    NetworkDisabled: true,
    HostConfig: { NetworkMode: 'none' },
  })
  try {
    const loader = LOADERS[process.arch] ?? '/lib64/ld-linux-x86-64.so.2'
    for (const [path, what] of [
      [loader, 'has no GNU C library, which the Node for its inside needs (images of Alpine have musl)'],
      ['/bin/sh', 'has no /bin/sh'],
      ['/bin/bash', 'has no /bin/bash, which shell sessions need'],
    ] as const) {
      if ((await readEntry(engine, container, path)) === null) throw unsuitable(name, what)
    }
    const textOf = async (path: string): Promise<string> => (await readEntry(engine, container, path))?.toString('utf8') ?? ''
    const [passwd, group] = [await textOf('/etc/passwd'), await textOf('/etc/group')]
    const path = (image.Config?.Env ?? []).find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length)
    return { id: image.Id, name, path: (path || USUAL_PATH).split(':'), passwd, group, volumes, notices: [] }
  } finally {
    await engine.call('DELETE', `/containers/${container}?force=1&v=1`)
  }
}

function unsuitable(name: string, what: string): KeyframeError {
  return new KeyframeError({
    code: 'sandbox.unsuitable-image',
    message: `The image ${name} ${what}.`,
    action: 'Use an image of Debian, Ubuntu, Fedora or the like: KEYFRAME_DOCKER_IMAGE=<image>.',
  })
}

const BLOCK = 512

/** The bytes of a file of the container, or of nothing for what is no plain file; null when it is not there. Links are followed inside. */
async function readEntry(engine: EngineClient, container: string, path: string): Promise<Buffer | null> {
  const target = await linkTarget(engine, container, path)
  if (target === null) return null
  if (target === '') return Buffer.alloc(0)
  const answer = await engine.send('GET', `/containers/${container}/archive?path=${encodeURIComponent(target)}`)
  if (answer.status === 404) return null
  if (answer.status >= 300) {
    throw new KeyframeError({ code: 'docker.refused', message: `The image's ${path} cannot be read: ${engineMessage(answer)}` })
  }
  // A tar with one entry: its size in octal at 124, its type at 156, then its bytes.
  const size = Number.parseInt(answer.body.toString('latin1', 124, 136), 8)
  return answer.body[156] === 0x30 && Number.isFinite(size) ? answer.body.subarray(BLOCK, BLOCK + size) : Buffer.alloc(0)
}

/** Directory and symbolic link as Go's os.FileMode has them. */
const MODE_DIRECTORY = 0x80000000
const MODE_LINK = 0x08000000
const MAX_READ_BYTES = 1024 ** 2

/** Where a file really is; '' when it is there and too large or too odd to be read, null when it is not there. */
async function linkTarget(engine: EngineClient, container: string, path: string, depth = 0): Promise<string | null> {
  const answer = await engine.send('HEAD', `/containers/${container}/archive?path=${encodeURIComponent(path)}`)
  const header = answer.headers['x-docker-container-path-stat']
  if (answer.status >= 300 || typeof header !== 'string') return null
  const stat: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'))
  const field = (name: string): unknown => (typeof stat === 'object' && stat !== null ? Reflect.get(stat, name) : undefined)
  const mode = Number(field('mode') ?? 0)
  const to = field('linkTarget')
  if ((mode & MODE_LINK) !== 0 && typeof to === 'string' && to !== '')
    return depth > 20 ? null : linkTarget(engine, container, to, depth + 1)
  return (mode & MODE_DIRECTORY) !== 0 || Number(field('size') ?? 0) > MAX_READ_BYTES ? '' : path
}
