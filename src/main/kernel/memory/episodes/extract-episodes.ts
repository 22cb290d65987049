import type { Episode } from '../../../../shared/graph'
import type { Frame, FrameOf } from '../../../../shared/frames'

const MOST_TITLE = 160
const MOST_TEXT = 2000
const MOST_PATHS = 20
/** Of one run: the first failures teach the most, and a run that fails in a loop teaches it once. */
const MOST_OF_A_RUN = 300

interface Failed {
  readonly frame: number
  readonly message: string
  readonly args: string
}

/**
 * What a run taught, read from its frames in order; give each frame once. Nothing is asked of the outside, so the same frames always teach
 * the same. An episode's id names its frame, so reading again gives the same ids.
 */
export class EpisodeReader {
  readonly #episodes = new Map<string, Episode>()
  readonly #tasks = new Map<string, string>()
  readonly #intents = new Map<number, FrameOf<'tool.intent'>>()
  readonly #judged = new Map<number, string>()
  readonly #requests = new Map<string, FrameOf<'human.request'>>()
  readonly #failures = new Map<string, Failed>()
  readonly #known = new Set<string>()
  readonly #merged = new Set<string>()
  /** Variants that were rehearsed and judged, until it is known what became of them. */
  readonly #variants: { frame: FrameOf<'speculate.outcome'>; branchId: string; label: string; summary: string }[] = []

  /** What is known now. Variants that were not merged count as discarded once their run has ended or another of them was merged. */
  get episodes(): Episode[] {
    return [...this.#episodes.values()].slice(0, MOST_OF_A_RUN)
  }

  read(frame: Frame): void {
    switch (frame.kind) {
      case 'run.started':
        this.#tasks.set(frame.branchId, frame.payload.options.task)
        return
      case 'fork':
        this.#tasks.set(frame.branchId, frame.payload.task ?? this.#taskOf(frame.payload.parent))
        return
      case 'tool.intent':
        this.#intents.set(frame.n, frame)
        return
      case 'tool.outcome':
        return this.#tool(frame)
      case 'error':
        return this.#add(
          frame,
          'error',
          'negative',
          `Error in ${frame.payload.where}: ${frame.payload.message}`,
          [frame.payload.action ?? ''],
          [],
        )
      case 'decision':
        return this.#decision(frame)
      case 'human.request':
        this.#requests.set(frame.payload.requestId, frame)
        return
      case 'human.answer':
        return this.#answer(frame)
      case 'judge.intent':
        this.#judged.set(frame.n, frame.payload.branchId)
        return
      case 'judge.verdict':
        return this.#verdict(frame)
      case 'speculate.outcome':
        for (const { branchId, label, summary } of frame.payload.branches) this.#variants.push({ frame, branchId, label, summary })
        return
      case 'merge.outcome':
        return this.#merge(frame)
      case 'run.ended':
        return this.#ended(frame)
    }
  }

  #tool(frame: FrameOf<'tool.outcome'>): void {
    const { tool, ok, error, text, sideEffects, denials } = frame.payload
    const intent = frame.cause === null ? undefined : this.#intents.get(frame.cause)
    if (frame.cause !== null) this.#intents.delete(frame.cause)
    const args = said(intent?.payload.args)
    const target = targetOf(intent?.payload.args)
    const paths = [...pathsIn(intent?.payload.args), ...sideEffects.files.map((file) => file.path)]
    const task = `${frame.branchId} ${tool} ${target}`
    if (!ok) {
      const message = error?.message ?? firstLine(text)
      const lesson = `${tool} ${target} ${error?.code ?? ''} ${message}`
      this.#failures.set(task, { frame: frame.n, message, args })
      if (this.#known.has(lesson)) return
      this.#known.add(lesson)
      const denied = (denials ?? []).map((denial) => `Denied by ${denial.by}: ${denial.resource} (${denial.reason})`)
      this.#add(
        frame,
        'error',
        'negative',
        `${tool} failed: ${message}`,
        [`Called with ${args}`, error?.action ?? '', ...denied, text],
        paths,
      )
      return
    }
    const failed = this.#failures.get(task)
    if (failed === undefined) return
    this.#failures.delete(task)
    const what = [`Failed in frame ${failed.frame} with ${failed.args}: ${failed.message}`, `Worked with ${args}`, text]
    this.#add(frame, 'tool-result', 'positive', `${tool} worked after it had failed: ${failed.message}`, what, paths)
  }

  #decision(frame: FrameOf<'decision'>): void {
    const { outcome, reasons, limits } = frame.payload
    if (outcome !== 'escalate' && outcome !== 'checkpoint-and-pause') return
    const title = outcome === 'escalate' ? 'A person was asked' : 'Paused'
    this.#add(frame, 'decision', 'neutral', `${title}: ${reasons[0] ?? limits.join(', ')}`, [...reasons, ...limits], [])
  }

  #answer(frame: FrameOf<'human.answer'>): void {
    const { requestId, decision, optionId, text } = frame.payload
    const request = this.#requests.get(requestId)?.payload
    if (request === undefined) return
    const isLabel = request.type === 'label-outcome'
    const option = request.options?.find(({ id }) => id === optionId)?.label
    const sign =
      decision === 'deny' ? 'negative' : decision === 'approve' ? 'positive' : isLabel ? signOfLabel(option ?? text ?? '') : 'neutral'
    const verb = { approve: 'Approved', deny: 'Denied', choose: 'Chosen', answer: 'Answered' }[decision]
    const what = [request.body, option === undefined ? '' : `Option: ${option}`, text === undefined ? '' : `They said: ${text}`]
    this.#add(frame, isLabel ? 'human-label' : 'decision', sign, `${verb}: ${request.title}`, what, request.plan?.affectedFiles ?? [])
  }

  #verdict(frame: FrameOf<'judge.verdict'>): void {
    const { judge, passed, score, checks } = frame.payload
    const branchId = (frame.cause === null ? undefined : this.#judged.get(frame.cause)) ?? frame.branchId
    const told = checks.map(({ check, state, command, detail }) => `${check} ${state}${command === null ? '' : ` (${command})`}: ${detail}`)
    const mark = score === null ? '' : ` with ${score.toFixed(2)}`
    this.#add(
      frame,
      'outcome',
      passed ? 'positive' : 'negative',
      `${judge}: ${branchId} ${passed ? 'passed' : 'did not pass'}${mark}`,
      told,
      [],
    )
  }

  #merge(frame: FrameOf<'merge.outcome'>): void {
    const { branchId, applied, conflicts } = frame.payload
    if (applied.length > 0) {
      this.#merged.add(branchId)
      const paths = applied.map(({ path }) => path)
      const told = applied.map(({ path, change }) => `${change} ${path}`)
      this.#add(frame, 'outcome', 'positive', `Merged ${branchId}: ${paths.length} ${paths.length === 1 ? 'file' : 'files'}`, told, paths)
      this.#discard((variant) => this.#variants.some((other) => other.frame === variant.frame && this.#merged.has(other.branchId)))
      return
    }
    if (conflicts.length === 0) return
    const told = conflicts.map(({ path, reason }) => `${path}: ${reason}`)
    this.#add(
      frame,
      'outcome',
      'negative',
      `${branchId} could not be merged`,
      told,
      conflicts.map(({ path }) => path),
    )
  }

  #ended(frame: FrameOf<'run.ended'>): void {
    const { outcome, summary, failure } = frame.payload
    this.#discard(() => true)
    const sign = outcome === 'completed' ? 'positive' : outcome === 'failed' ? 'negative' : 'neutral'
    this.#add(frame, 'outcome', sign, `Run ${outcome}: ${firstLine(summary)}`, [summary, failure?.message ?? '', failure?.action ?? ''], [])
  }

  #discard(isDecided: (variant: { frame: FrameOf<'speculate.outcome'> }) => boolean): void {
    for (const variant of this.#variants.filter(isDecided)) {
      if (this.#merged.has(variant.branchId)) continue
      const { frame, branchId, label, summary } = variant
      this.#add(frame, 'outcome', 'negative', `Variant discarded: ${label}`, [summary], [], branchId)
    }
  }

  #add(
    frame: Frame,
    kind: Episode['kind'],
    sign: Episode['sign'],
    title: string,
    text: readonly string[],
    paths: readonly string[],
    branchId: string = frame.branchId,
  ): void {
    const id = branchId === frame.branchId ? `${frame.runId}/${frame.n}` : `${frame.runId}/${frame.n}/${branchId}`
    this.#episodes.set(id, {
      id,
      runId: frame.runId,
      branchId,
      frame: frame.n,
      atMs: frame.atMs,
      kind,
      sign,
      title: cut(title.replace(/\s+/g, ' ').trim(), MOST_TITLE),
      text: cut(text.filter((part) => part.trim() !== '').join('\n'), MOST_TEXT),
      task: cut(this.#taskOf(branchId), MOST_TITLE * 2),
      paths: [...new Set(paths)].slice(0, MOST_PATHS),
    })
  }

  #taskOf(branchId: string): string {
    return this.#tasks.get(branchId) ?? this.#tasks.values().next().value ?? ''
  }
}

/** Episodes of one run, given all of its frames in order. */
export function episodesOf(frames: readonly Frame[]): Episode[] {
  const reader = new EpisodeReader()
  for (const frame of frames) reader.read(frame)
  return reader.episodes
}

/** What a call is about, so that a later one is known to be about the same: the path, or the program. */
function targetOf(args: unknown): string {
  const [path] = pathsIn(args)
  if (path !== undefined) return path
  if (!isRecord(args)) return ''
  const command = args['command'] ?? args['argv'] ?? args['name'] ?? args['id']
  return cut(
    Array.isArray(command) ? command.slice(0, 2).join(' ') : typeof command === 'string' ? command.split(/\s+/).slice(0, 2).join(' ') : '',
    200,
  )
}

function pathsIn(args: unknown): string[] {
  if (!isRecord(args)) return []
  return ['path', 'file', 'from', 'to'].flatMap((name) => {
    const value = args[name]
    return typeof value === 'string' && /[/.]/.test(value) && value.length < 500 ? [value.replace(/^\/workspace\//, '')] : []
  })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function said(args: unknown): string {
  return cut(args === undefined ? '' : JSON.stringify(args), 600)
}

const GOOD = /\b(?:good|correct|success|works?|useful|accepted?|yes|right)\b/i
const BAD = /\b(?:bad|wrong|incorrect|fail\w*|broken|useless|rejected?|no|harmful)\b/i

function signOfLabel(label: string): Episode['sign'] {
  return BAD.test(label) ? 'negative' : GOOD.test(label) ? 'positive' : 'neutral'
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? ''
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
