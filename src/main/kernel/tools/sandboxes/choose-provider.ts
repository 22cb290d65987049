import type { DoctorReport, Requirement } from '../../../../shared/contract/methods'
import { KeyframeError } from '../../../../shared/failure'
import type { IsolationLevel } from '../../../../shared/frames'
import { createCopyProvider } from './copy/copy-provider'
import { detectIsolation } from './detect-isolation'
import { detectDocker } from './docker/detect-docker'
import { createDockerProvider, type DockerOptions } from './docker/docker-sandbox'
import { createOverlayProvider } from './overlay-sandbox'
import type { Guarantee, SandboxProvider } from './sandbox'

/** `auto`: the strongest level whose boundary was proved, and plain copies where none was. Any other: that one or nothing. */
export type WantedLevel = 'auto' | 'overlay' | 'docker' | 'copy'

export interface ProviderOptions {
  /** The pinned Node, which guests find when they have no other. */
  readonly nodePath: string
  readonly wanted: WantedLevel
  readonly docker: Omit<DockerOptions, 'nodePath'>
}

export interface ChosenProvider {
  /**
   * The provider of the level that was found. Its level is `none` and its guarantees are empty until the report is in; opening a
   * sandbox before that waits for it. Throws `sandbox.unavailable` when nothing may be opened.
   */
  readonly provider: SandboxProvider
  readonly report: Promise<DoctorReport>
}

interface Candidate {
  readonly provider: SandboxProvider
  /** Null: its boundary was not proved. */
  readonly summary: string | null
  readonly requirements: readonly Requirement[]
  readonly proofs: readonly DoctorReport['proofs'][number][]
}

/** The reader of KEYFRAME_SANDBOX, KEYFRAME_DOCKER_IMAGE and KEYFRAME_DOCKER_BUILD_NETWORK. Throws `sandbox.unknown-level`. */
export function providerSettings(env: NodeJS.ProcessEnv): Pick<ProviderOptions, 'wanted' | 'docker'> {
  const level = env['KEYFRAME_SANDBOX'] || 'auto'
  const wanted = (['auto', 'overlay', 'docker', 'copy'] as const).find((name) => name === level)
  if (wanted === undefined) {
    throw new KeyframeError({
      code: 'sandbox.unknown-level',
      message: `KEYFRAME_SANDBOX is ${JSON.stringify(level)}, which is no kind of sandbox.`,
      action: 'Set it to auto, overlay, docker or copy.',
    })
  }
  const image = env['KEYFRAME_DOCKER_IMAGE']
  const buildWithNetwork = env['KEYFRAME_DOCKER_BUILD_NETWORK'] === '1'
  return { wanted, docker: { dockerPath: 'docker', buildWithNetwork, ...(image ? { image } : {}) } }
}

/**
 * Finds out which level of isolation the machine gives, by trying, and gives sandboxes of that level and no other: a level that was
 * found does not change while the kernel lives, and one that was asked for is never replaced by a weaker one. Trying begins at once.
 */
export function chooseProvider(options: ProviderOptions): ChosenProvider {
  const choosing = choose(options)
  const report = choosing.then((chosen) => chosen.report)
  // Whoever awaits the report sees a failure; nobody may be there yet.
  report.catch(() => undefined)
  let found: SandboxProvider | null = null
  void choosing.then(
    (chosen) => (found = chosen.provider),
    () => undefined,
  )
  const provider: SandboxProvider = {
    get level(): IsolationLevel {
      return found?.level ?? 'none'
    },
    get guarantees(): readonly Guarantee[] {
      return found?.guarantees ?? []
    },
    async open(spec) {
      const chosen = await choosing
      requireLevel(chosen.report)
      return (chosen.provider ?? unavailable(chosen.report)).open(spec)
    },
  }
  return { provider, report }
}

/** Throws `sandbox.unavailable`, with the command that mends it, for a report of no level at all. */
export function requireLevel(report: DoctorReport): void {
  if (report.level === 'none') unavailable(report)
}

function unavailable(report: DoctorReport): never {
  const missing = report.requirements.find((requirement) => requirement.state === 'missing' && requirement.remedy !== null)
  throw new KeyframeError({
    code: 'sandbox.unavailable',
    message: `Nothing is run here without isolation: ${report.summary}`,
    action: missing?.remedy ?? 'Run keyframe doctor for what is missing.',
  })
}

async function choose(options: ProviderOptions): Promise<{ provider: SandboxProvider | null; report: DoctorReport }> {
  const tried: Candidate[] = []
  for (const attempt of attempts(options)) {
    const candidate = await attempt()
    tried.push(candidate)
    if (candidate.summary === null) continue
    const { provider, summary, proofs } = candidate
    // What a stronger level misses is no fault of the level that was found; it is for plain copies, which protect from nothing.
    const weigh = (requirement: Requirement): Requirement =>
      requirement.state === 'missing' && provider.level !== 'copy' ? { ...requirement, state: 'degraded' } : requirement
    const requirements = [...tried.slice(0, -1).flatMap((other) => other.requirements.map(weigh)), ...candidate.requirements]
    return { provider, report: { level: provider.level, summary, requirements, guarantees: [...provider.guarantees], proofs: [...proofs] } }
  }
  const broken = tried.flatMap((candidate) => candidate.proofs.filter((proof) => !proof.holds))
  const requirements = tried.flatMap((candidate) => candidate.requirements)
  const missing = requirements.filter((requirement) => requirement.state === 'missing').map((requirement) => requirement.name)
  const reason = missing.length > 0 ? `missing: ${missing.join(', ')}` : `does not hold: ${broken.map((proof) => proof.name).join(', ')}`
  const only = options.wanted === 'auto' ? '' : ` Only ${options.wanted} was asked for.`
  const summary = `No isolation (${reason}).${only}`
  return { provider: null, report: { level: 'none', summary, requirements, guarantees: [], proofs: tried.flatMap(({ proofs }) => proofs) } }
}

/** Strongest first. */
function attempts(options: ProviderOptions): (() => Promise<Candidate>)[] {
  const { wanted } = options
  return [
    ...(wanted === 'auto' || wanted === 'overlay' ? [() => tryOverlay(options)] : []),
    ...(wanted === 'auto' || wanted === 'docker' ? [() => tryDocker(options)] : []),
    ...(wanted === 'auto' || wanted === 'copy' ? [() => tryCopy(options)] : []),
  ]
}

async function tryOverlay({ nodePath }: ProviderOptions): Promise<Candidate> {
  const provider = createOverlayProvider({ nodePath })
  const { level, summary, requirements, proofs } = await detectIsolation({ nodePath })
  return { provider, summary: level === 'overlay' ? summary : null, requirements, proofs }
}

async function tryDocker({ nodePath, docker }: ProviderOptions): Promise<Candidate> {
  const provider = createDockerProvider({ ...docker, nodePath })
  const { requirements, proofs } = await detectDocker(provider)
  const isProved = proofs.length > 0 && proofs.every((proof) => proof.holds)
  const summary = `Containers: ${proofs.length} of ${proofs.length} attempts to get out of one were refused or contained.`
  return { provider, summary: isProved ? summary : null, requirements, proofs }
}

async function tryCopy({ nodePath }: ProviderOptions): Promise<Candidate> {
  const provider = createCopyProvider({ nodePath })
  const summary = 'Plain copies: what agents run is not isolated from this machine, so each run needs your consent.'
  return { provider, summary, requirements: [], proofs: [] }
}
