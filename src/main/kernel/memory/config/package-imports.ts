import { FactsCollector, named, THE_FILE } from '../data/collect-facts'
import { endingOf, isSource, sourceTokens } from '../data/source-tokens'
import { TextPlaces } from '../data/text-place'
import { isSign, isText, isWord } from '../data/token-walk'
import type { FactsSource } from '../facts-source'

const SCRIPT = new Set(['js', 'jsx', 'mjs', 'cjs', 'ts', 'tsx', 'mts', 'cts', 'vue', 'svelte'])

/** Distributions whose modules have another name. */
const PYPI: Readonly<Record<string, string>> = {
  attr: 'attrs',
  bs4: 'beautifulsoup4',
  Crypto: 'pycryptodome',
  cv2: 'opencv-python',
  dateutil: 'python-dateutil',
  dotenv: 'python-dotenv',
  jose: 'python-jose',
  jwt: 'pyjwt',
  magic: 'python-magic',
  MySQLdb: 'mysqlclient',
  OpenSSL: 'pyopenssl',
  PIL: 'pillow',
  psycopg2: 'psycopg2-binary',
  rest_framework: 'djangorestframework',
  serial: 'pyserial',
  skimage: 'scikit-image',
  sklearn: 'scikit-learn',
  slugify: 'python-slugify',
  yaml: 'pyyaml',
  zmq: 'pyzmq',
}

/** Names under which the package of a specifier may be declared; empty for what is in the repository or the language. */
function packagesOf(ending: string, specifier: string): string[] {
  if (specifier === '' || specifier.length > 300) return []
  if (SCRIPT.has(ending)) {
    if (/^(?:[./~#]|@\/|node:|https?:)/.test(specifier)) return []
    const parts = specifier.split('/')
    return [parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')]
  }
  switch (ending) {
    case 'py':
    case 'pyi': {
      const [top = ''] = specifier.split('.')
      const known = Object.hasOwn(PYPI, top) ? PYPI[top] : undefined
      const plain = top.toLowerCase().replaceAll('_', '-')
      return specifier.startsWith('.') ? [] : [...new Set([plain, ...(known === undefined ? [] : [known])])]
    }
    case 'go': {
      const parts = specifier.split('/')
      // A module is named by its address; packages lie in folders of it.
      return parts[0]?.includes('.') === true
        ? [6, 5, 4, 3, 2].filter((count) => count <= parts.length).map((count) => parts.slice(0, count).join('/'))
        : []
    }
    case 'rs': {
      const top = specifier.split('::', 1)[0]?.trim() ?? ''
      return /^(?:crate|self|super|std|core|alloc|)$/.test(top) ? [] : [...new Set([top, top.replaceAll('_', '-')])]
    }
    case 'rb':
      return specifier.startsWith('.')
        ? []
        : [...new Set([specifier, specifier.replaceAll('/', '-'), specifier.split('/', 1)[0] ?? specifier])]
    default:
      return []
  }
}

/** From a file to the packages that it imports, where a manifest of the repository names them. */
export const packageImports: FactsSource = {
  id: 'package-imports',
  claims: (path) => isSource(path),
  read({ path, text, code }) {
    const facts = new FactsCollector()
    const ending = endingOf(path)
    const add = (specifier: string, line: number): void => {
      for (const name of packagesOf(ending, specifier))
        facts.relate(THE_FILE, 'depends_on', named(name, 'package'), line, 0.95, 'import of a declared package')
    }
    for (const entry of code?.imports ?? []) add(entry.specifier, entry.line)
    if (ending === 'rb') {
      const tokens = sourceTokens(path, text)
      const places = new TextPlaces(text)
      for (const [at, token] of tokens.entries()) {
        const name = isSign(tokens[at + 1], '(') ? tokens[at + 2] : tokens[at + 1]
        if (isWord(token, 'require') && isText(name)) add(name.text, places.line(token.at))
      }
    }
    return facts.facts()
  },
}
