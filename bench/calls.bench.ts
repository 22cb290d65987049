import { existsSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { type Agreement, agreementOf, type CallSite } from './support/call-sites'
import { type LinkedFolder, linkedFolder } from './support/linked-folder'
import type { Measurement } from './support/measurement'
import { type UpgradedFolder, upgradedFolder } from './support/upgraded-folder'
import { pyrightCalls } from './support/pyright-calls'
import { typescriptCalls } from './support/typescript-calls'

const PRECISION = 0.95
const RECALL = 0.8
const SHOWN = Number(process.env['KEYFRAME_CALLS_SHOWN'] ?? '0')

interface Subject {
  readonly language: string
  readonly repository: string
  readonly by: string
  /** No sample is drawn: every file of these is compared. */
  readonly isMeasured: (path: string) => boolean
  readonly truth: (root: string, paths: readonly string[]) => Promise<CallSite[]> | CallSite[]
}

const SUBJECTS: readonly Subject[] = [
  {
    language: 'TypeScript',
    repository: 'hono',
    by: 'the TypeScript checker',
    isMeasured: (path) => /^src\/.*\.tsx?$/.test(path) && !path.endsWith('.d.ts'),
    truth: typescriptCalls,
  },
  {
    language: 'TypeScript, no tests',
    repository: 'hono',
    by: 'the TypeScript checker',
    isMeasured: (path) => /^src\/.*\.tsx?$/.test(path) && !/\.test\.tsx?$|\.d\.ts$|(?:^|\/)tests?\//.test(path),
    truth: typescriptCalls,
  },
  {
    language: 'Python',
    repository: 'requests',
    by: 'Pyright',
    isMeasured: (path) => /^(?:src|tests)\/.*\.py$/.test(path),
    truth: pyrightCalls,
  },
]

/**
 * `calls` edges as they are made at once, then with what language servers said of the calls that were left open, against what the compiler or a language server says is called at each place.
 * The repositories are not part of Keyframe: `KEYFRAME_CALLS_REPOS` names a folder of clones. `KEYFRAME_CALLS_SHOWN` shows so many differences.
 * A pair (caller, callee) counts once. Left out are calls whose callee is no node of the graph: of other packages, of functions and variables
 * inside of functions, and where the compiler cannot say either.
 */
export default async function calls(): Promise<Measurement[]> {
  const folder = process.env['KEYFRAME_CALLS_REPOS']
  const measured: Measurement[] = []
  const known = new Map<string, LinkedFolder>()
  const upgraded = new Map<string, UpgradedFolder>()
  for (const subject of SUBJECTS) {
    const root = folder === undefined ? null : join(folder, subject.repository)
    if (root === null || !existsSync(root)) {
      const why = root === null ? 'KEYFRAME_CALLS_REPOS is not set' : `there is no ${root}`
      process.stderr.write(`\n  ${subject.language} (${subject.repository}) skipped: ${why}\n`)
      continue
    }
    const linked = known.get(root) ?? (await linkedFolder(root))
    known.set(root, linked)
    const paths = [...linked.files.keys()].filter(subject.isMeasured)
    const truth = await subject.truth(root, paths)
    const agreement = agreementOf(linked, new Set(paths), truth)
    show(subject, agreement)
    measured.push(...figures(subject, agreement, paths.length))
    // The first subject of a repository has the files of the others.
    const after = upgraded.get(root) ?? (await upgradedFolder(linked, subject.isMeasured))
    upgraded.set(root, after)
    if ('missing' in after) {
      process.stderr.write(`\n  ${subject.language}: after language servers were asked skipped: ${after.missing}\n`)
      continue
    }
    const then = agreementOf(after.folder, new Set(paths), truth)
    show(subject, then)
    measured.push(...figuresAfter(subject, then, after))
  }
  return measured
}

function figures({ language, repository, by }: Subject, agreement: Agreement, files: number): Measurement[] {
  const { sites, expected, found, judged, right, leftOut } = agreement
  const sample = `all ${sites} calls in ${files} files of ${repository}, by ${by}`
  return [
    {
      name: `${language}: calls edges that are right`,
      unit: 'x',
      figure: 'ratio',
      value: right / judged,
      gate: { limit: PRECISION, is: 'at least' },
      peers: [],
      note: `${right} of ${judged}; ${sample}`,
    },
    {
      name: `${language}: calls that have an edge`,
      unit: 'x',
      figure: 'ratio',
      value: found / expected,
      gate: { limit: RECALL, is: 'at least' },
      peers: [],
      note: `${found} of ${expected} pairs; left out: ${leftOut.outside} of other packages, ${leftOut.local} of no node of the graph, ${leftOut.unknown} unknown to ${by}`,
    },
  ]
}

function figuresAfter(
  { language, repository, by }: Subject,
  { found, expected, judged, right }: Agreement,
  { asked, answered, seconds, edges }: Exclude<UpgradedFolder, { missing: string }>,
): Measurement[] {
  const note = `${asked} calls of ${repository} that syntax leaves open were asked about, ${answered} answered, ${edges} edges more, in ${seconds.toFixed(0)} s without pauses, at a load of ${loadavg()[0]?.toFixed(1)}; what is right by ${by}, which is asked here as well`
  return [
    {
      ...{ name: `${language}: calls edges that are right after language servers were asked`, unit: 'x', figure: 'ratio', peers: [] },
      ...{ value: right / judged, gate: { limit: PRECISION, is: 'at least' }, note: `${right} of ${judged}; ${note}` },
    },
    {
      ...{ name: `${language}: calls that have an edge after language servers were asked`, unit: 'x', figure: 'ratio', peers: [] },
      ...{ value: found / expected, gate: { limit: RECALL, is: 'at least' }, note: `${found} of ${expected} pairs; ${note}` },
    },
  ]
}

function show({ language }: Subject, { wrong, missed }: Agreement): void {
  if (SHOWN === 0) return
  process.stderr.write(
    `\n${language}, wrong:\n  ${wrong.slice(0, SHOWN).join('\n  ')}\nmissed:\n  ${missed.slice(0, SHOWN).join('\n  ')}\n`,
  )
}
