import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'

export interface WorkspaceImageOptions {
  /** The frozen base: never the live checkout. */
  readonly baseDir: string
  readonly dockerPath: string
  readonly socketPath: string
  /** Whether the instructions may use the network. What they build on is fetched by the engine itself in any case. */
  readonly hasNetwork: boolean
  isThere(tag: string): Promise<boolean>
}

const DEV_CONTAINERS = ['.devcontainer/devcontainer.json', '.devcontainer.json']
const BUILD_MS = 30 * 60_000

const Build = z.object({
  dockerfile: z.string().optional(),
  context: z.string().optional(),
  target: z.string().optional(),
  args: z.record(z.string(), z.string()).optional(),
})
/** Of a development container's settings what says where its image comes from. */
const DevContainer = z.looseObject({
  image: z.string().optional(),
  build: Build.optional(),
  dockerFile: z.string().optional(),
  context: z.string().optional(),
})

/** Settings that change what a development container has inside, and that are not carried out. */
const LEFT_OUT = [
  ...['features', 'dockerComposeFile', 'runArgs', 'mounts', 'containerEnv', 'remoteEnv', 'containerUser', 'remoteUser'],
  ...['onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand', 'postAttachCommand'],
]

export interface WorkspaceImage {
  readonly name: string
  /** What the workspace asks for beside its image and does not get. */
  readonly notices: readonly string[]
}

interface Recipe {
  /** Relative to the base. */
  readonly dockerfile: string
  readonly context: string
  readonly target: string | null
  readonly args: Readonly<Record<string, string>>
}

/**
 * The image that the workspace itself asks for: that of its development container, or of its Dockerfile; built when the engine does
 * not have it yet, under a name that changes with everything it is built from. Null when the workspace has neither. The instructions
 * are the repository's and run in the engine: only for people who asked for this. Throws `sandbox.image-build-failed` with what the
 * engine said, `sandbox.bad-recipe` for settings that cannot be read or lead out of the workspace.
 */
export async function workspaceImage(options: WorkspaceImageOptions): Promise<WorkspaceImage | null> {
  const notices: string[] = []
  const found = await findRecipe(options.baseDir, notices)
  if (found === null) return null
  if (typeof found === 'string') return { name: found, notices }
  const hash = createHash('sha256').update(JSON.stringify([found, options.hasNetwork]))
  await hashTree(hash, join(options.baseDir, found.context))
  hash.update(readFileSync(join(options.baseDir, found.dockerfile)))
  const tag = `keyframe-workspace:${hash.digest('hex').slice(0, 24)}`
  if (!(await options.isThere(tag))) await build(options, found, tag)
  return { name: tag, notices }
}

async function findRecipe(baseDir: string, notices: string[]): Promise<Recipe | string | null> {
  for (const path of DEV_CONTAINERS) {
    if (!isFile(join(baseDir, path))) continue
    const settings = await readDevContainer(join(baseDir, confined(baseDir, path)), path)
    const leftOut = LEFT_OUT.filter((name) => settings[name] !== undefined)
    if (leftOut.length > 0) notices.push(`Of ${path} only the image is used, not ${leftOut.join(', ')}.`)
    if (settings.image !== undefined) return settings.image
    const dockerfile = settings.build?.dockerfile ?? settings.dockerFile
    if (dockerfile === undefined) continue
    const folder = dirname(path)
    return {
      dockerfile: confined(baseDir, join(folder, dockerfile)),
      context: confined(baseDir, join(folder, settings.build?.context ?? settings.context ?? '.')),
      target: settings.build?.target ?? null,
      args: settings.build?.args ?? {},
    }
  }
  if (!isFile(join(baseDir, 'Dockerfile'))) return null
  return { dockerfile: confined(baseDir, 'Dockerfile'), context: '.', target: null, args: {} }
}

const isFile = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true

/** Comments and trailing commas are usual in these files: TypeScript's reader knows them. */
async function readDevContainer(path: string, name: string): Promise<z.infer<typeof DevContainer>> {
  const { default: typescript } = await import('typescript')
  const { config, error } = typescript.parseConfigFileTextToJson(name, await readFile(path, 'utf8')) as {
    config?: unknown
    error?: unknown
  }
  const parsed = DevContainer.safeParse(config)
  if (error === undefined && parsed.success) return parsed.data
  throw badRecipe(`${name} cannot be read${parsed.success ? '' : `: ${z.prettifyError(parsed.error)}`}`)
}

/** A path below the base with its links resolved: the engine's command line would follow them on this machine. */
function confined(baseDir: string, path: string): string {
  let real: string
  try {
    real = realpathSync(join(baseDir, path))
  } catch (thrown) {
    throw badRecipe(`${path} is not in the workspace (${(thrown as NodeJS.ErrnoException).code ?? 'unreadable'})`)
  }
  const root = realpathSync(baseDir)
  if (real !== root && !real.startsWith(root + sep)) throw badRecipe(`${path} leads out of the workspace`)
  return relative(root, real) || '.'
}

/** Names, modes and bytes of everything that the build can see, in a fixed order. */
async function hashTree(hash: ReturnType<typeof createHash>, dir: string): Promise<void> {
  const names = (await readdir(dir)).sort()
  for (const name of names) {
    const path = join(dir, name)
    const found = lstatSync(path)
    hash.update(`${name}\0${found.mode}\0`)
    if (found.isDirectory()) {
      await hashTree(hash, path)
      hash.update('\0..')
    } else if (found.isFile()) hash.update(await readFile(path))
    else if (found.isSymbolicLink()) hash.update(readlinkSync(path))
  }
}

function build(options: WorkspaceImageOptions, recipe: Recipe, tag: string): Promise<void> {
  const args = ['--host', `unix://${options.socketPath}`, 'build', '--network', options.hasNetwork ? 'default' : 'none', '--tag', tag]
  args.push('--file', join(options.baseDir, recipe.dockerfile))
  if (recipe.target !== null) args.push('--target', recipe.target)
  for (const [name, value] of Object.entries(recipe.args)) args.push('--build-arg', `${name}=${value}`)
  args.push('--', join(options.baseDir, recipe.context))
  return new Promise((resolve, reject) => {
    execFile(options.dockerPath, args, { timeout: BUILD_MS, maxBuffer: 64 * 1024 ** 2 }, (error, stdout, stderr) => {
      if (error === null) return resolve()
      const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-12).join('\n')
      reject(
        new KeyframeError({
          code: 'sandbox.image-build-failed',
          message: `The workspace's image could not be built from ${recipe.dockerfile}: ${said || error.message}`,
          action: options.hasNetwork
            ? 'Mend the file, or name an image: KEYFRAME_DOCKER_IMAGE=<image>.'
            : 'Its instructions have no network unless KEYFRAME_DOCKER_BUILD_NETWORK=1 is set. Or name an image: KEYFRAME_DOCKER_IMAGE=<image>.',
        }),
      )
    })
  })
}

function badRecipe(reason: string): KeyframeError {
  return new KeyframeError({
    code: 'sandbox.bad-recipe',
    message: `The workspace's own image cannot be used: ${reason}.`,
    action: 'Mend the file, or name an image: KEYFRAME_DOCKER_IMAGE=<image>.',
  })
}
