import { type FactsCollector, keyed } from '../data/collect-facts'
import { mentionImage } from './image-name'
import { scriptPaths } from './script-paths'

const SECRET = /\bsecrets\.([A-Za-z_]\w*)/g
const CONFIGURED = /\b(?:vars|env)\.([A-Z_][A-Z0-9_]+)/g
const PACKAGE_SCRIPT = /\b(?:npm (?:run|run-script)(?: -[-\w]+)* |pnpm (?:run )?|yarn (?:run )?|bun run |make (?:-\w+ )*)([\w:.-]+)/g

/** What the shell text of a job says: files of the repository that it runs, and scripts of a package or targets of make by name. */
export function readScript(facts: FactsCollector, from: string, script: string, line: number, folder = ''): string[] {
  for (const path of scriptPaths(script, folder)) {
    facts.relate(keyed(from), 'references', { is: 'path', path }, line, 0.7, 'script of a pipeline')
  }
  return [...script.matchAll(PACKAGE_SCRIPT)].map(([whole]) => whole.trim()).slice(0, 50)
}

/** Secrets by name, and variables. Their values are not in the file. */
export function readNames(facts: FactsCollector, from: string, text: string, line: number): string[] {
  const secrets: string[] = []
  for (const [, name = ''] of text.matchAll(SECRET)) {
    secrets.push(name)
    readSecret(facts, from, name, line)
  }
  for (const [, name = ''] of text.matchAll(CONFIGURED)) {
    facts.mention(`env_var:${name}`, 'env_var', name, { line })
    facts.relate(keyed(from), 'reads', keyed(`env_var:${name}`), line, 0.9, 'variable of a pipeline')
  }
  return secrets
}

export function readSecret(facts: FactsCollector, from: string, name: string, line: number): void {
  facts.mention(`secret:${name}`, 'secret', name, { line })
  facts.relate(keyed(from), 'reads', keyed(`secret:${name}`), line, 0.95, 'secret of a pipeline')
}

export function setVariable(facts: FactsCollector, from: string, name: string, line: number): void {
  if (!/^[A-Za-z_]\w*$/.test(name)) return
  facts.mention(`env_var:${name}`, 'env_var', name, { line })
  facts.relate(keyed(from), 'writes', keyed(`env_var:${name}`), line, 0.95, 'variable of a pipeline')
}

export function runIn(facts: FactsCollector, from: string, image: string, line: number): void {
  const key = mentionImage(facts, image, line)
  if (key !== null) facts.relate(keyed(from), 'depends_on', keyed(key), line, 1, 'image of a job')
}
