import { parse as parseToml } from 'smol-toml'
import { LineFinder } from './find-lines'
import type { Dependency, Manifest } from './manifest-facts'
import { isRecord, parsed, textOf } from './unreadable'

/** Readers of manifests by the name of the file. Each throws for a file that is not what its name says. */
export interface ManifestReader {
  readonly claims: (fileName: string, path: string) => boolean
  readonly read: (path: string, text: string) => Manifest
}

const byName =
  (...names: readonly string[]) =>
  (fileName: string): boolean =>
    names.includes(fileName)

function packageJson(path: string, text: string): Manifest {
  const root = parsed<unknown>(path, 'JSON', () => JSON.parse(text.replace(/^\uFEFF/, '')))
  if (!isRecord(root)) return { ecosystem: 'npm', own: null, dependencies: [] }
  const lines = new LineFinder(text)
  const name = textOf(root['name'])
  const groups = {
    dependencies: 'dependencies',
    devDependencies: 'development',
    peerDependencies: 'peer',
    optionalDependencies: 'optional',
  }
  const dependencies = Object.entries(groups).flatMap(([field, group]) => {
    const entries = root[field]
    if (!isRecord(entries)) return []
    lines.skipTo(`"${field}"`)
    return Object.entries(entries).map(([key, range]) => ({ name: key, range: textOf(range), group, line: lines.next(`"${key}"`) }))
  })
  lines.skipTo('"name"')
  const own =
    name === '' ? null : { name, version: textOf(root['version']), description: textOf(root['description']), line: lines.next('"name"') }
  return { ecosystem: 'npm', own, dependencies }
}

function composerJson(path: string, text: string): Manifest {
  const root = parsed<unknown>(path, 'JSON', () => JSON.parse(text.replace(/^\uFEFF/, '')))
  if (!isRecord(root)) return { ecosystem: 'composer', own: null, dependencies: [] }
  const lines = new LineFinder(text)
  const name = textOf(root['name'])
  const own =
    name === '' ? null : { name, version: textOf(root['version']), description: textOf(root['description']), line: lines.next('"name"') }
  const dependencies = Object.entries({ require: 'dependencies', 'require-dev': 'development' }).flatMap(([field, group]) => {
    const entries = root[field]
    if (!isRecord(entries)) return []
    lines.skipTo(`"${field}"`)
    return Object.entries(entries)
      .filter(([key]) => key.includes('/'))
      .map(([key, range]) => ({ name: key, range: textOf(range), group, line: lines.next(`"${key}"`) }))
  })
  return { ecosystem: 'composer', own, dependencies }
}

/** `requests[socks]>=2.0; python_version < "4"` of PEP 508. */
const REQUIREMENT = /^\s{0,20}([A-Za-z0-9][A-Za-z0-9._-]{0,99})\s{0,9}(?:\[[^\]]{0,200}\])?\s{0,9}(\(?[<>=!~][^;#@]{0,100})?/

function requirement(text: string, group: string, line: number): Dependency[] {
  const found = REQUIREMENT.exec(text)
  return found?.[1] === undefined ? [] : [{ name: found[1], range: (found[2] ?? '').replaceAll(/[()]/g, '').trim(), group, line }]
}

function pyproject(path: string, text: string): Manifest {
  const root = parsed(path, 'TOML', () => parseToml(text))
  const lines = new LineFinder(text)
  const project = isRecord(root['project']) ? root['project'] : {}
  const tool = isRecord(root['tool']) ? root['tool'] : {}
  const poetry = isRecord(tool['poetry']) ? tool['poetry'] : {}
  const dependencies: Dependency[] = []
  const list = (value: unknown, group: string): void => {
    if (!Array.isArray(value)) return
    for (const entry of value)
      if (typeof entry === 'string') dependencies.push(...requirement(entry, group, lines.next(entry.slice(0, 40))))
  }
  const table = (value: unknown, group: string): void => {
    if (!isRecord(value)) return
    for (const [key, range] of Object.entries(value)) {
      if (key === 'python') continue
      dependencies.push({ name: key, range: isRecord(range) ? textOf(range['version']) : textOf(range), group, line: lines.next(key) })
    }
  }
  list(project['dependencies'], 'dependencies')
  for (const value of Object.values(isRecord(project['optional-dependencies']) ? project['optional-dependencies'] : {}))
    list(value, 'optional')
  for (const value of Object.values(isRecord(root['dependency-groups']) ? root['dependency-groups'] : {})) list(value, 'development')
  if (isRecord(root['build-system'])) list(root['build-system']['requires'], 'build')
  table(poetry['dependencies'], 'dependencies')
  table(poetry['dev-dependencies'], 'development')
  for (const value of Object.values(isRecord(poetry['group']) ? poetry['group'] : {}))
    if (isRecord(value)) table(value['dependencies'], 'development')
  const described = textOf(project['name']) === '' ? poetry : project
  return { ecosystem: 'pypi', own: describedPackage(described, text), dependencies }
}

function requirements(path: string, text: string): Manifest {
  const group = /dev|test|lint|doc/.test(path.slice(path.lastIndexOf('/') + 1)) ? 'development' : 'dependencies'
  const dependencies = text
    .split('\n')
    .flatMap((line, index) => (/^\s*(?:#|-|$)/.test(line) || line.includes('://') ? [] : requirement(line, group, index + 1)))
  return { ecosystem: 'pypi', own: null, dependencies }
}

function setupCfg(_path: string, text: string): Manifest {
  const dependencies: Dependency[] = []
  let own: Manifest['own'] = null
  let section = ''
  let key = ''
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\[([^\]]{1,80})\]/.exec(line)?.[1]
    const entry = /^([A-Za-z_][\w.-]{0,60})\s{0,9}[=:](.{0,300})/.exec(line)
    if (header !== undefined) section = header
    else if (entry !== null) {
      key = entry[1] ?? ''
      const value = (entry[2] ?? '').trim()
      if (section === 'metadata' && key === 'name') own = { name: value, version: '', description: '', line: index + 1 }
    }
    const value = entry === null ? (/^\s+\S/.test(line) ? line.trim() : '') : (entry[2] ?? '').trim()
    if (value === '' || value.startsWith('#')) continue
    if (section === 'options' && key === 'install_requires') dependencies.push(...requirement(value, 'dependencies', index + 1))
    if (section === 'options.extras_require') dependencies.push(...requirement(value, 'optional', index + 1))
  }
  return { ecosystem: 'pypi', own, dependencies }
}

function goMod(_path: string, text: string): Manifest {
  const dependencies: Dependency[] = []
  let own: Manifest['own'] = null
  let block = ''
  for (const [index, whole] of text.split('\n').entries()) {
    const comment = whole.indexOf('//')
    const line = (comment === -1 ? whole : whole.slice(0, comment)).trim()
    const words = line.split(/\s+/)
    if (words[0] === 'module' && words[1] !== undefined)
      own = { name: words[1].replaceAll('"', ''), version: '', description: '', line: index + 1 }
    else if (words[1] === '(') block = words[0] ?? ''
    else if (line === ')') block = ''
    else {
      const entry = block === 'require' ? words : words[0] === 'require' ? words.slice(1) : []
      const [name, range] = entry
      if (name !== undefined && range !== undefined)
        dependencies.push({ name, range, group: whole.includes('// indirect') ? 'indirect' : 'dependencies', line: index + 1 })
    }
  }
  return { ecosystem: 'go', own, dependencies }
}

function cargoToml(path: string, text: string): Manifest {
  const root = parsed(path, 'TOML', () => parseToml(text))
  const lines = new LineFinder(text)
  const described = isRecord(root['package']) ? root['package'] : {}
  const dependencies: Dependency[] = []
  const add = (holder: Readonly<Record<string, unknown>>): void => {
    for (const [field, group] of [
      ['dependencies', 'dependencies'],
      ['dev-dependencies', 'development'],
      ['build-dependencies', 'build'],
    ] as const) {
      const entries = holder[field]
      if (!isRecord(entries)) continue
      lines.skipTo(`${field}]`)
      for (const [key, value] of Object.entries(entries)) {
        const renamed = isRecord(value) ? textOf(value['package']) : ''
        const range = isRecord(value) ? textOf(value['version']) : textOf(value)
        dependencies.push({
          name: renamed === '' ? key : renamed,
          range,
          group: isRecord(value) && value['optional'] === true ? 'optional' : group,
          line: lines.next(`\n${key}`) + 1,
        })
      }
    }
  }
  add(root)
  if (isRecord(root['workspace'])) add(root['workspace'])
  for (const target of Object.values(isRecord(root['target']) ? root['target'] : {})) if (isRecord(target)) add(target)
  return { ecosystem: 'cargo', own: describedPackage(described, text), dependencies }
}

/** What a TOML manifest says of its own package; null when it names none. */
function describedPackage(described: Readonly<Record<string, unknown>>, text: string): Manifest['own'] {
  const name = textOf(described['name'])
  if (name === '') return null
  return {
    name,
    version: textOf(described['version']),
    description: textOf(described['description']),
    line: new LineFinder(text).next('name'),
  }
}

const XML_VALUE = /^\s{0,60}<(groupId|artifactId|version|scope|optional)>\s{0,20}([^<]{1,200}?)\s{0,20}<\//

/** Read line by line: what stands in elements of one line each, as every tool writes it. */
function pomXml(_path: string, text: string): Manifest {
  const dependencies: Dependency[] = []
  let own: Manifest['own'] = null
  let values: Record<string, string> = {}
  let opened = 0
  let inside = false
  let apart = 0
  const project: Record<string, string> = {}
  for (const [index, line] of text.split('\n').entries()) {
    if (/<(?:parent|plugin|exclusion|extension|profile|build|dependencyManagement)>/.test(line)) apart += 1
    if (line.includes('<dependency>')) {
      inside = true
      values = {}
      opened = index + 1
    }
    for (const part of line.split(/(?=<(?:groupId|artifactId|version|scope)>)/)) {
      const [, tag, value] = XML_VALUE.exec(part) ?? []
      if (tag === undefined || value === undefined) continue
      if (inside && values[tag] === undefined) values[tag] = value
      else if (!inside && apart === 0 && project[tag] === undefined) {
        project[tag] = value
        if (tag === 'artifactId') own = { name: value, version: '', description: '', line: index + 1 }
      } else if (!inside && tag === 'groupId' && project['parent'] === undefined) project['parent'] = value
    }
    if (line.includes('</dependency>') && inside) {
      inside = false
      const { groupId = '', artifactId = '', version = '', scope = '' } = values
      const group = scope === 'test' ? 'development' : 'dependencies'
      if (artifactId !== '') dependencies.push({ name: `${groupId}:${artifactId}`, range: version, group, line: opened })
    }
    if (/<\/(?:parent|plugin|exclusion|extension|profile|build|dependencyManagement)>/.test(line)) apart = Math.max(0, apart - 1)
  }
  const group = project['groupId'] ?? project['parent'] ?? ''
  return {
    ecosystem: 'maven',
    own: own === null ? null : { ...own, name: `${group}:${own.name}`, version: project['version'] ?? '' },
    dependencies,
  }
}

const GRADLE =
  /^\s{0,80}(implementation|api|compile|compileOnly|runtimeOnly|kapt|ksp|annotationProcessor|testImplementation|testCompile|testRuntimeOnly|androidTestImplementation|debugImplementation)\b[\s(]{1,20}(?:platform\s{0,4}\(\s{0,4})?["']([\w.-]{1,100}):([\w.-]{1,100})(?::([\w.${}+-]{1,60}))?/

function gradle(_path: string, text: string): Manifest {
  const dependencies = text.split('\n').flatMap((line, index) => {
    const [, configuration = '', group = '', artifact = '', version = ''] = GRADLE.exec(line) ?? []
    return artifact === ''
      ? []
      : [
          {
            name: `${group}:${artifact}`,
            range: version,
            group: /test/i.test(configuration) ? 'development' : 'dependencies',
            line: index + 1,
          },
        ]
  })
  return { ecosystem: 'maven', own: null, dependencies }
}

const GEM =
  /^\s{0,80}(?:gem|\w{1,30}\.add_(runtime_|development_)?dependency)[\s(]{1,9}["']([\w.-]{1,100})["']((?:\s{0,4},\s{0,4}["'][^"']{1,40}["']){0,3})/

function gems(_path: string, text: string): Manifest {
  const dependencies: Dependency[] = []
  let own: Manifest['own'] = null
  let group = 'dependencies'
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*group\b.{0,200}\bdo\b/.test(line)) group = /:(?:development|test)/.test(line) ? 'development' : 'dependencies'
    else if (/^end\b/.test(line)) group = 'dependencies'
    const name = /^\s{0,40}\w{1,20}\.name\s{0,20}=\s{0,9}["']([\w.-]{1,100})/.exec(line)?.[1]
    if (name !== undefined) own = { name, version: '', description: '', line: index + 1 }
    const [, kind, gem, range = ''] = GEM.exec(line) ?? []
    if (gem !== undefined)
      dependencies.push({
        name: gem,
        range: range.replace(/^[\s,]+/, '').replaceAll(/["']/g, ''),
        group: kind === 'development_' ? 'development' : group,
        line: index + 1,
      })
  }
  return { ecosystem: 'gem', own, dependencies }
}

const NUGET = /<PackageReference\s{1,9}Include="([\w.-]{1,100})"(?:\s{1,9}Version="([^"]{1,40})")?/

function csproj(_path: string, text: string): Manifest {
  const dependencies = text.split('\n').flatMap((line, index) => {
    const [, name, range = ''] = NUGET.exec(line) ?? []
    return name === undefined ? [] : [{ name, range, group: 'dependencies', line: index + 1 }]
  })
  return { ecosystem: 'nuget', own: null, dependencies }
}

export const MANIFESTS: readonly ManifestReader[] = [
  { claims: byName('package.json'), read: packageJson },
  { claims: byName('composer.json'), read: composerJson },
  { claims: byName('pyproject.toml'), read: pyproject },
  {
    claims: (name, path) =>
      /^requirements[\w.-]{0,40}\.(?:txt|in)$/.test(name) || /(?:^|\/)requirements\/[\w.-]{1,60}\.(?:txt|in)$/.test(path),
    read: requirements,
  },
  { claims: byName('setup.cfg'), read: setupCfg },
  { claims: byName('go.mod'), read: goMod },
  { claims: byName('Cargo.toml'), read: cargoToml },
  { claims: byName('pom.xml'), read: pomXml },
  { claims: byName('build.gradle', 'build.gradle.kts'), read: gradle },
  { claims: (name) => name === 'Gemfile' || name.endsWith('.gemspec'), read: gems },
  { claims: (name) => /\.(?:csproj|fsproj|vbproj)$/.test(name), read: csproj },
]
