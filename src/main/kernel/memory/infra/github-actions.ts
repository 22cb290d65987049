import { FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { readNames, readScript, runIn, setVariable } from './ci-steps'
import { folderOf, repositoryPath } from './script-paths'
import { readYaml, unreadable, type YamlValue } from './yaml-documents'

const WORKFLOW = /(?:^|\/)\.(?:github|gitea|forgejo)\/workflows\/[^/]+\.ya?ml$/
const ACTION = /(?:^|\/)action\.ya?ml$/

/** Workflows and actions of GitHub (and of Gitea and Forgejo, which read the same). */
export const githubActions: FactsSource = {
  id: 'github-actions',
  claims: (path) => WORKFLOW.test(path) || ACTION.test(path),
  read({ path, text }): ExtraFacts {
    const { roots, problem } = readYaml(text)
    const [root] = roots
    const facts = new FactsCollector()
    const jobs = root?.entriesAt('jobs') ?? []
    const composite = root?.at('runs') ?? null
    if (root === undefined || (jobs.length === 0 && composite === null)) {
      if (problem !== null) throw unreadable(`line ${problem.line}: ${problem.message}`)
      return facts.facts()
    }
    const pipeline = `pipeline:${path}`
    const name = root.textAt('name') ?? path.slice(path.lastIndexOf('/') + 1)
    const on = root.at('on')
    const triggers = on === null ? [] : [...on.texts, ...on.entries.map((entry) => entry.name)]
    const schedule = root.itemsAt('on', 'schedule').flatMap((item) => item.textAt('cron') ?? [])
    const attributes = { type: 'github', triggers, ...(schedule.length > 0 && { schedule }), jobs: jobs.map((job) => job.name) }
    facts.declare(pipeline, 'pipeline', name, { line: 1, endLine: root.endLine }, name, attributes, root.textAt('description') ?? '')
    facts.relate(THE_FILE, 'contains', keyed(pipeline), 1, 1, 'syntax')
    for (const { name: variable, key } of root.entriesAt('env')) setVariable(facts, pipeline, variable, key.line)
    for (const { name: job, key, value } of jobs) if (value !== null) readJob(facts, pipeline, job, key.line, value)
    if (composite !== null) {
      readSteps(facts, pipeline, composite.itemsAt('steps'), folderOf(path))
      const image = composite.at('image')
      if (image?.text) {
        const dockerfile = repositoryPath(folderOf(path), image.text)
        if (image.text.startsWith('docker://')) runIn(facts, pipeline, image.text.slice('docker://'.length), image.line)
        else if (dockerfile !== null)
          facts.relate(keyed(pipeline), 'depends_on', { is: 'path', path: dockerfile }, image.line, 1, 'image of an action')
      }
      const main = composite.at('main')
      const script = main?.text ? repositoryPath(folderOf(path), main.text) : null
      if (main !== null && script !== null)
        facts.relate(keyed(pipeline), 'references', { is: 'path', path: script }, main.line, 1, 'script of an action')
    }
    return facts.facts()
  },
}

function readJob(facts: FactsCollector, pipeline: string, name: string, line: number, job: YamlValue): void {
  const key = `${pipeline}#${name}`
  const { scripts, secrets, actions } = readSteps(facts, key, job.itemsAt('steps'), '')
  const called = job.at('uses')
  if (called?.text) useAction(facts, key, called.text, called.line)
  const container = job.at('container', 'image') ?? job.at('container')
  if (container?.text) runIn(facts, key, container.text, container.line)
  for (const { value } of job.entriesAt('services')) {
    const image = value?.at('image') ?? null
    if (image?.text) runIn(facts, key, image.text, image.line)
  }
  for (const { name: variable, key: at, value } of job.entriesAt('env')) {
    setVariable(facts, key, variable, at.line)
    if (value?.text) secrets.push(...readNames(facts, key, value.text, at.line))
  }
  for (const { value } of job.entriesAt('secrets')) if (value?.text) secrets.push(...readNames(facts, key, value.text, value.line))
  for (const need of job.textsAt('needs')) {
    facts.relate(keyed(key), 'depends_on', keyed(`${pipeline}#${need}`), job.at('needs')?.line ?? line, 1, 'needs of a job')
  }
  const attributes = {
    type: 'job',
    runsOn: job.textsAt('runs-on'),
    steps: job
      .itemsAt('steps')
      .flatMap((step) => step.textAt('name') ?? step.textAt('uses') ?? [])
      .slice(0, 50),
    scripts: [...new Set(scripts)],
    secrets: [...new Set(secrets)],
    actions: [...new Set(actions)],
    ...(job.textAt('environment') !== null && { environment: job.textAt('environment') ?? '' }),
  }
  facts.declare(key, 'pipeline', name, { line, endLine: job.endLine }, `job ${name}`, attributes, job.textAt('name') ?? '')
  facts.relate(keyed(pipeline), 'contains', keyed(key), line, 1, 'syntax')
}

function readSteps(facts: FactsCollector, key: string, steps: readonly YamlValue[], folder: string) {
  const [scripts, secrets, actions]: [string[], string[], string[]] = [[], [], []]
  for (const step of steps) {
    const run = step.at('run')
    if (run?.text) {
      const where = step.textAt('working-directory')
      scripts.push(...readScript(facts, key, run.text, run.line, where === null ? folder : (repositoryPath('', where) ?? '')))
      secrets.push(...readNames(facts, key, run.text, run.line))
    }
    const used = step.at('uses')
    if (used?.text) {
      actions.push(used.text)
      useAction(facts, key, used.text, used.line)
    }
    for (const { name: variable, key: at, value } of step.entriesAt('env')) {
      setVariable(facts, key, variable, at.line)
      if (value?.text) secrets.push(...readNames(facts, key, value.text, at.line))
    }
    for (const { value } of step.entriesAt('with')) if (value?.text) secrets.push(...readNames(facts, key, value.text, value.line))
  }
  return { scripts, secrets, actions }
}

function useAction(facts: FactsCollector, from: string, used: string, line: number): void {
  if (used.startsWith('./')) {
    const path = repositoryPath('', used)
    if (path === null) return
    for (const target of /\.ya?ml$/.test(path) ? [path] : [`${path}/action.yml`, `${path}/action.yaml`]) {
      facts.relate(keyed(from), 'depends_on', { is: 'path', path: target }, line, 1, 'action of the repository')
    }
  } else if (used.startsWith('docker://')) runIn(facts, from, used.slice('docker://'.length), line)
  else {
    const [name = '', version = ''] = used.split('@')
    if (!/^[\w.-]+\/[\w./-]+$/.test(name)) return
    facts.mention(`package:github/${name}`, 'package', name, { line }, { ecosystem: 'github', version })
    facts.relate(keyed(from), 'depends_on', keyed(`package:github/${name}`), line, 1, 'action')
  }
}
