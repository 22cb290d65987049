import { Copy, DockerfileParser, Env, From } from 'dockerfile-ast'
import { posix } from 'node:path'
import { FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { mentionImage } from './image-name'
import { folderOf, repositoryPath, scriptPaths } from './script-paths'
import { unreadable } from './yaml-documents'

const MAX_CHARACTERS = 256 * 1024

/** Dockerfiles: base images, stages, what is copied in, ports, and names of variables. */
export const dockerfile: FactsSource = {
  id: 'dockerfile',
  claims: (path) =>
    /(?:^|\/)(?:(?:Dockerfile|Containerfile)(?:[.-][\w.-]+)?|[\w.-]+\.(?:dockerfile|containerfile))$/i.test(path) &&
    !/\.(?:md|[cm]?[jt]sx?|py|dockerignore)$/i.test(path),
  read({ path, text }): ExtraFacts {
    if (text.length > MAX_CHARACTERS) throw unreadable(`it has more than ${MAX_CHARACTERS} characters`)
    const parsed = DockerfileParser.parse(text)
    const instructions = parsed.getInstructions()
    if (!instructions.some((instruction) => instruction instanceof From)) throw unreadable('it has no FROM')
    const facts = new FactsCollector()
    const stages = new Set<string>()
    const [images, ports, variables, entrypoints]: [string[], string[], string[], string[]] = [[], [], [], []]
    for (const instruction of instructions) {
      const line = instruction.getRange().start.line + 1
      const keyword = instruction.getKeyword()
      const words = instruction.getArguments().map((argument) => argument.getValue())
      if (instruction instanceof From) {
        const written = withDefaults(instruction.getImage() ?? '', parsed.getInitialARGs())
        if (!stages.has(written.toLowerCase()) && written !== 'scratch' && written !== '') {
          images.push(written)
          const key = mentionImage(facts, written, line)
          if (key !== null) facts.relate(THE_FILE, 'depends_on', keyed(key), line, 1, 'base image')
        }
        const stage = instruction.getBuildStage()
        if (stage !== null) stages.add(stage.toLowerCase())
      } else if (instruction instanceof Copy) copy(facts, path, stages, instruction, line)
      else if (keyword === 'ADD') for (const source of words.slice(0, -1)) relate(facts, path, source, line, 'copied into an image')
      else if (keyword === 'EXPOSE') ports.push(...words)
      else if (instruction instanceof Env) {
        for (const property of instruction.getProperties()) {
          const name = property.getName()
          if (!/^[A-Za-z_]\w*$/.test(name)) continue
          variables.push(name)
          facts.mention(`env_var:${name}`, 'env_var', name, { line: property.getRange().start.line + 1 })
          facts.relate(THE_FILE, 'writes', keyed(`env_var:${name}`), property.getRange().start.line + 1, 0.95, 'environment of an image')
        }
      } else if (keyword === 'CMD' || keyword === 'ENTRYPOINT' || keyword === 'RUN') {
        const script = instruction.getRawArgumentsContent() ?? ''
        if (keyword !== 'RUN') entrypoints.push(script.slice(0, 200))
        for (const target of scriptPaths(script.replaceAll('"', ' '))) relate(facts, path, target, line, 'run in an image', 0.6)
      }
    }
    const args = instructions
      .filter((instruction) => instruction.getKeyword() === 'ARG')
      .flatMap((arg) =>
        arg
          .getArguments()
          .slice(0, 1)
          .map((word) => word.getValue().split('=')[0] ?? ''),
      )
    return facts.facts({ fileAttributes: { images, stages: [...stages], ports, env: variables, args, entrypoints } })
  },
}

function copy(facts: FactsCollector, path: string, stages: ReadonlySet<string>, instruction: Copy, line: number): void {
  const from = instruction.getFromFlag()?.getValue() ?? null
  if (from === null) {
    const json = instruction.getJSONStrings().map((word) => word.getJSONValue())
    const sources = json.length > 0 ? json : instruction.getArguments().map((argument) => argument.getValue())
    for (const source of sources.slice(0, -1)) relate(facts, path, source, line, 'copied into an image')
  } else if (!stages.has(from.toLowerCase()) && !/^\d+$/.test(from)) {
    const key = mentionImage(facts, from, line)
    if (key !== null) facts.relate(THE_FILE, 'depends_on', keyed(key), line, 1, 'copied from an image')
  }
}

/** Relative to the folder of the Dockerfile, which is the build context as a rule, or to the root, which it is otherwise. */
function relate(facts: FactsCollector, path: string, written: string, line: number, method: string, sure = 0.9): void {
  if (written.startsWith('-')) return
  const folder = folderOf(path)
  const near = repositoryPath(folder, written.replace(/^\//, './'))
  if (near !== null) facts.relate(THE_FILE, 'references', { is: 'path', path: near }, line, sure, method)
  const far = folder === '' ? null : repositoryPath('', posix.normalize(written))
  if (far !== null) facts.relate(THE_FILE, 'references', { is: 'path', path: far }, line, sure - 0.2, method)
}

function withDefaults(image: string, args: readonly { getProperty(): { getName(): string; getValue(): string | null } | null }[]): string {
  return image.replace(/\$\{?(\w+)(?::?-([^}]*))?\}?/g, (whole, name: string, otherwise?: string) => {
    const property = args.map((arg) => arg.getProperty()).find((known) => known?.getName() === name)
    return property?.getValue() ?? otherwise ?? whole
  })
}
