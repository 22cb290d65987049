import { FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { readScript, readSecret, runIn, setVariable } from './ci-steps'
import { repositoryPath } from './script-paths'
import { readYaml, unreadable, type YamlValue } from './yaml-documents'

const NO_JOBS = new Set([
  'default',
  'include',
  'stages',
  'variables',
  'workflow',
  'image',
  'services',
  'cache',
  'before_script',
  'after_script',
  'spec',
  'pages:deploy',
])
const MAX_CHARACTERS = 512 * 1024

/** GitLab's pipelines. */
export const gitlabCi: FactsSource = {
  id: 'gitlab-ci',
  claims: (path) => /(?:^|\/)(?:\.gitlab-ci\.ya?ml|\.gitlab\/ci\/[^/]+\.ya?ml|[\w.-]+\.gitlab-ci\.ya?ml)$/.test(path),
  read({ path, text }): ExtraFacts {
    const { root, facts, pipeline } = openPipeline(path, text, 'gitlab')
    if (root === null) return facts.facts()
    runImage(facts, pipeline, root.at('image') ?? root.at('default', 'image'))
    for (const { name, key } of root.entriesAt('variables')) setVariable(facts, pipeline, name, key.line)
    for (const item of root.at('include')?.items ?? [root.at('include')]) {
      const local = item?.textAt('local') ?? item?.text ?? null
      const target = local === null ? null : repositoryPath('', local)
      if (item !== null && target !== null) facts.relate(THE_FILE, 'depends_on', { is: 'path', path: target }, item.line, 1, 'include')
    }
    for (const { name, key, value: job } of root.entries) {
      if (NO_JOBS.has(name) || job?.isMap !== true) continue
      const id = `${pipeline}#${name}`
      const scripts = ['before_script', 'script', 'after_script'].flatMap((field) => job.at(field) ?? [])
      const commands = scripts.flatMap((script) => readScript(facts, id, script.texts.join('\n'), script.line))
      runImage(facts, id, job.at('image'))
      for (const service of job.itemsAt('services')) runImage(facts, id, service)
      for (const { name: variable, key: at } of job.entriesAt('variables')) setVariable(facts, id, variable, at.line)
      for (const { name: secret, key: at } of job.entriesAt('secrets')) readSecret(facts, id, secret, at.line)
      for (const need of [
        ...job.itemsAt('needs').flatMap((item) => item.text ?? item.textAt('job') ?? []),
        ...job.textsAt('dependencies'),
        ...job.textsAt('extends'),
      ]) {
        facts.relate(keyed(id), 'depends_on', keyed(`${pipeline}#${need}`), key.line, 1, 'needs of a job')
      }
      const attributes = {
        type: name.startsWith('.') ? 'template' : 'job',
        stage: job.textAt('stage') ?? 'test',
        scripts: [...new Set(commands)],
      }
      declareJob(facts, pipeline, name, key.line, job.endLine, attributes)
    }
    return facts.facts()
  },
}

export const circleCi: FactsSource = {
  id: 'circleci',
  claims: (path) => /(?:^|\/)\.circleci\/[^/]+\.ya?ml$/.test(path),
  read({ path, text }): ExtraFacts {
    const { root, facts, pipeline } = openPipeline(path, text, 'circleci')
    if (root === null) return facts.facts()
    for (const { name, key, value: job } of root.entriesAt('jobs')) {
      if (job === null) continue
      const id = `${pipeline}#${name}`
      for (const docker of job.itemsAt('docker')) runImage(facts, id, docker.at('image'))
      for (const { name: variable, key: at } of job.entriesAt('environment')) setVariable(facts, id, variable, at.line)
      const commands = job.itemsAt('steps').flatMap((step) => {
        const run = step.at('run', 'command') ?? step.at('run')
        return run?.text ? readScript(facts, id, run.text, run.line) : []
      })
      declareJob(facts, pipeline, name, key.line, job.endLine, { type: 'job', scripts: [...new Set(commands)] })
    }
    for (const { value: workflow } of root.entriesAt('workflows')) {
      for (const item of workflow?.itemsAt('jobs') ?? []) {
        for (const { name, value } of item.entries) {
          for (const need of value?.textsAt('requires') ?? []) {
            facts.relate(keyed(`${pipeline}#${name}`), 'depends_on', keyed(`${pipeline}#${need}`), item.line, 1, 'requires of a workflow')
          }
        }
      }
    }
    return facts.facts()
  },
}

/** Jenkinsfiles are programs in Groovy; what is read is what stands in them plainly: stages, images, shell steps, credentials. */
export const jenkinsfile: FactsSource = {
  id: 'jenkinsfile',
  claims: (path) => /(?:^|\/)(?:Jenkinsfile(?:[.-][\w-]+)?|[\w-]+\.jenkinsfile)$/i.test(path),
  read({ path, text }): ExtraFacts {
    if (text.length > MAX_CHARACTERS) throw unreadable(`it has more than ${MAX_CHARACTERS} characters`)
    const facts = new FactsCollector()
    const pipeline = `pipeline:${path}`
    const lines = text.split('\n')
    facts.declare(pipeline, 'pipeline', path.slice(path.lastIndexOf('/') + 1), { line: 1, endLine: lines.length }, 'Jenkins pipeline', {
      type: 'jenkins',
    })
    facts.relate(THE_FILE, 'contains', keyed(pipeline), 1, 1, 'syntax')
    let current = pipeline
    for (const [index, line] of lines.entries()) {
      if (/^\s*\/\//.test(line) || line.length > 2_000) continue
      const stage = /\bstage\s*\(?\s*['"]([^'"]{1,100})['"]/.exec(line)?.[1]
      if (stage !== undefined) {
        current = `${pipeline}#${stage}`
        declareJob(facts, pipeline, stage, index + 1, index + 1, { type: 'stage' })
      }
      const image = /\bimage\s*(?:\(|:)?\s*['"]([\w./:@-]+)['"]/.exec(line)?.[1]
      if (image !== undefined) runIn(facts, current, image, index + 1)
      const credential = /\b(?:credentials\s*\(\s*|credentialsId\s*:\s*)['"]([\w.-]+)['"]/.exec(line)?.[1]
      if (credential !== undefined) readSecret(facts, current, credential, index + 1)
      if (/\b(?:sh|bat|pwsh)\b|^\s*(?:\.\/|[a-z]+ )\S*\.(?:sh|py|mjs|js)\b/.test(line))
        readScript(facts, current, line.replaceAll(/['"]/g, ' '), index + 1)
    }
    return facts.facts()
  },
}

function openPipeline(path: string, text: string, type: string): { root: YamlValue | null; facts: FactsCollector; pipeline: string } {
  const { roots, problem } = readYaml(text)
  // GitLab allows a header in a document of its own.
  const root = roots.at(-1) ?? null
  if (problem !== null && (root === null || !root.isMap)) throw unreadable(`line ${problem.line}: ${problem.message}`)
  const facts = new FactsCollector()
  const pipeline = `pipeline:${path}`
  if (root === null) return { root, facts, pipeline }
  const name = path.slice(path.lastIndexOf('/') + 1)
  facts.declare(pipeline, 'pipeline', name, { line: 1, endLine: root.endLine }, name, { type, stages: root.textsAt('stages') })
  facts.relate(THE_FILE, 'contains', keyed(pipeline), 1, 1, 'syntax')
  return { root, facts, pipeline }
}

function declareJob(
  facts: FactsCollector,
  pipeline: string,
  name: string,
  line: number,
  endLine: number,
  attributes: Readonly<Record<string, string | readonly string[]>>,
): void {
  const key = `${pipeline}#${name}`
  facts.declare(key, 'pipeline', name, { line, endLine }, `job ${name}`, attributes)
  facts.relate(keyed(pipeline), 'contains', keyed(key), line, 1, 'syntax')
}

function runImage(facts: FactsCollector, from: string, value: YamlValue | null): void {
  const image = value?.text ?? value?.textAt('name') ?? null
  if (value !== null && image !== null) runIn(facts, from, image, value.line)
}
