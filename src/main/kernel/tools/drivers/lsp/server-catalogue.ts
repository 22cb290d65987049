import picomatch from 'picomatch'
import { KeyframeError } from '../../../../../shared/failure'
import type { LspSettings } from './lsp-settings'
import { GUEST_TSSERVER, PYRIGHT_PACKAGE, TYPESCRIPT_PACKAGE } from './server-process'
import { TYPESCRIPT_LANGUAGE_IDS } from './typescript-sources'

/** One way to start a server. */
export type ServerProgram =
  /** A package of Keyframe's own, run with the pinned Node. `versionOf` is the package whose version counts. */
  | { readonly kind: 'bundled'; readonly entry: string; readonly args: readonly string[]; readonly versionOf: string }
  /** A program on the PATH inside. `versionProgram` where the server itself has no such option. */
  | {
      readonly kind: 'path'
      readonly command: string
      readonly args: readonly string[]
      readonly versionArgs: readonly string[]
      readonly versionProgram?: string
    }

export type Platform = 'linux' | 'darwin' | 'win32'

export interface ServerEntry {
  /** `typescript`, `python`, `go`, `rust`, `cpp`, or the language of a user's server. */
  readonly language: string
  readonly title: string
  readonly source: 'shipped' | 'settings'
  readonly programs: readonly ServerProgram[]
  /** Language ids by glob; the first match counts. */
  readonly files: readonly { readonly pattern: string; readonly languageId: string }[]
  /** Files beside the sources that the server must be told about when they change. */
  readonly configurations: readonly string[]
  readonly roots: RootRule
  readonly env: Readonly<Record<string, string>>
  readonly initializationOptions: unknown
  /** In their place for an editor's own server, which has no events of the branch's files. */
  readonly editorOptions?: unknown
  readonly settings: Readonly<Record<string, unknown>>
  readonly install: Readonly<Record<Platform, string>>
  readonly quirks: ServerQuirks
}

export interface RootRule {
  /** In order: the nearest folder above the file with a marker of the first group, else of the second, ... else the workspace. */
  readonly markers: readonly (readonly string[])[]
  /** A manifest that says it is the root of those below it takes their place. */
  readonly workspaceManifest?: { readonly file: string; readonly says: RegExp; readonly excludes: RegExp }
}

export interface ServerQuirks {
  /** When what the server does in the background must have ended before its answers are whole. */
  readonly indexes: 'on-start' | 'on-first-file' | 'before-answering'
  /** How long that may take to begin, in milliseconds. */
  readonly indexingBeginsWithinMs: number
  /** Sends `experimental/serverStatus` with `quiescent`. */
  readonly reportsStatus?: boolean
  /** Publishes diagnostics only with `forceRebuild` when the text of a document is the same as before. */
  readonly forceRebuild?: boolean
  /** Diagnostics are published without the document's version, and not again when they are the same. */
  readonly silentDiagnostics?: boolean
  /** Looks for references in what the project's configuration includes and in open files only. */
  readonly opensMentions?: boolean
  /** Needs a compilation database made for it: what lies in the workspace names paths of the host. */
  readonly compilationDatabase?: boolean
}

const EXTENSIONS = (pattern: Readonly<Record<string, string>>): ServerEntry['files'] =>
  Object.entries(pattern).map(([extension, languageId]) => ({ pattern: `*${extension}`, languageId }))

const BEFORE_ANSWERING: ServerQuirks = { indexes: 'before-answering', indexingBeginsWithinMs: 0 }

export const TYPESCRIPT_PREFERENCES = {
  providePrefixAndSuffixTextForRename: true,
  allowRenameOfImportPath: false,
  includePackageJsonAutoImports: 'off',
}

/** No downloads, one process, watching left to the client, plain English. */
const TYPESCRIPT_OPTIONS = {
  disableAutomaticTypingAcquisition: true,
  hostInfo: 'keyframe',
  locale: 'en',
  maxTsServerMemory: 4096,
  preferences: TYPESCRIPT_PREFERENCES,
  supportsMoveToFileCodeAction: true,
  tsserver: { path: GUEST_TSSERVER, useSyntaxServer: 'never', useClientFileWatcher: true },
}

const TYPESCRIPT: ServerEntry = {
  language: 'typescript',
  title: 'typescript-language-server',
  source: 'shipped',
  programs: [
    {
      kind: 'bundled',
      entry: `${TYPESCRIPT_PACKAGE}/lib/cli.mjs`,
      args: ['--stdio', '--log-level', '1'],
      versionOf: 'typescript-language-server',
    },
  ],
  files: EXTENSIONS(TYPESCRIPT_LANGUAGE_IDS),
  configurations: ['*.json'],
  // One server for all projects of a workspace: references go from one package to another.
  roots: { markers: [] },
  env: {},
  initializationOptions: TYPESCRIPT_OPTIONS,
  // An editor has no events of the branch's file system: its server watches the files itself.
  editorOptions: { ...TYPESCRIPT_OPTIONS, tsserver: { ...TYPESCRIPT_OPTIONS.tsserver, useClientFileWatcher: false } },
  settings: {},
  install: { linux: 'It is part of Keyframe.', darwin: 'It is part of Keyframe.', win32: 'It is part of Keyframe.' },
  quirks: BEFORE_ANSWERING,
}

const PYTHON: ServerEntry = {
  language: 'python',
  title: 'pyright',
  source: 'shipped',
  programs: [
    { kind: 'bundled', entry: `${PYRIGHT_PACKAGE}/langserver.index.js`, args: ['--stdio'], versionOf: 'pyright' },
    { kind: 'path', command: 'pyright-langserver', args: ['--stdio'], versionArgs: ['--version'], versionProgram: 'pyright' },
  ],
  files: EXTENSIONS({ '.py': 'python', '.pyi': 'python' }),
  configurations: ['pyrightconfig.json', 'pyproject.toml', 'setup.cfg', 'setup.py'],
  roots: { markers: [['pyrightconfig.json'], ['pyproject.toml'], ['setup.py', 'setup.cfg']] },
  env: {},
  initializationOptions: {},
  settings: {
    python: {
      analysis: { autoSearchPaths: true, useLibraryCodeForTypes: true, diagnosticMode: 'openFilesOnly', logLevel: 'Error' },
    },
    pyright: { disableLanguageServices: false, disableTaggedHints: false },
  },
  install: {
    linux: 'It is part of Keyframe; otherwise `npm install -g pyright`.',
    darwin: 'It is part of Keyframe; otherwise `npm install -g pyright`.',
    win32: 'It is part of Keyframe; otherwise `npm install -g pyright`.',
  },
  quirks: { ...BEFORE_ANSWERING, opensMentions: true },
}

const GO: ServerEntry = {
  language: 'go',
  title: 'gopls',
  source: 'shipped',
  programs: [{ kind: 'path', command: 'gopls', args: ['serve'], versionArgs: ['version'] }],
  files: EXTENSIONS({ '.go': 'go' }),
  configurations: ['go.mod', 'go.sum', 'go.work'],
  roots: { markers: [['go.work'], ['go.mod']] },
  // Nothing is downloaded, and the toolchain is the one that is there.
  env: { GOPROXY: 'off', GOTOOLCHAIN: 'local', GOTELEMETRY: 'off' },
  initializationOptions: { diagnosticsDelay: '50ms' },
  settings: { gopls: { diagnosticsDelay: '50ms' } },
  install: {
    linux: 'Install it with `sudo apt-get install gopls golang-go` or `go install golang.org/x/tools/gopls@latest`.',
    darwin: 'Install it with `brew install gopls go`.',
    win32: 'Install Go from https://go.dev/dl, then `go install golang.org/x/tools/gopls@latest`.',
  },
  quirks: { indexes: 'before-answering', indexingBeginsWithinMs: 0, silentDiagnostics: true },
}

const RUST_TARGET = '/tmp/keyframe-rust-target'
const RUST_OPTIONS = {
  // In the background `cargo check` would write into the workspace; its target folder is one that goes with the server.
  checkOnSave: false,
  cargo: { targetDir: RUST_TARGET, extraArgs: ['--offline'], buildScripts: { enable: true } },
  cachePriming: { enable: true },
  files: { watcher: 'client' },
  lru: { capacity: 64 },
}

const RUST: ServerEntry = {
  language: 'rust',
  title: 'rust-analyzer',
  source: 'shipped',
  programs: [{ kind: 'path', command: 'rust-analyzer', args: [], versionArgs: ['--version'] }],
  files: EXTENSIONS({ '.rs': 'rust' }),
  configurations: ['Cargo.toml', 'Cargo.lock', 'rust-project.json', 'rust-toolchain.toml', 'rust-toolchain'],
  roots: {
    markers: [['rust-project.json'], ['Cargo.toml']],
    workspaceManifest: { file: 'Cargo.toml', says: /^\s*\[workspace[\].]/m, excludes: /^\s*exclude\s*=\s*\[([^\]]*)\]/m },
  },
  env: { CARGO_NET_OFFLINE: 'true' },
  initializationOptions: RUST_OPTIONS,
  settings: { 'rust-analyzer': RUST_OPTIONS },
  install: {
    linux: 'Install it with `rustup component add rust-analyzer rust-src`, or with `sudo apt-get install rust-analyzer` on Debian 13.',
    darwin: 'Install it with `rustup component add rust-analyzer rust-src`, or with `brew install rust-analyzer`.',
    win32: 'Install it with `rustup component add rust-analyzer rust-src`.',
  },
  quirks: { indexes: 'on-start', indexingBeginsWithinMs: 5_000, reportsStatus: true },
}

const CPP: ServerEntry = {
  language: 'cpp',
  title: 'clangd',
  source: 'shipped',
  programs: [
    {
      kind: 'path',
      command: 'clangd',
      args: ['--background-index', '--pch-storage=memory', '--limit-results=1000', '--limit-references=20000', '--log=error', '-j=2'],
      versionArgs: ['--version'],
    },
  ],
  files: [
    ...EXTENSIONS({ '.c': 'c', '.h': 'c', '.m': 'objective-c', '.mm': 'objective-cpp' }),
    ...EXTENSIONS({ '.cc': 'cpp', '.cpp': 'cpp', '.cxx': 'cpp', '.hh': 'cpp', '.hpp': 'cpp', '.hxx': 'cpp', '.inl': 'cpp' }),
  ],
  configurations: ['compile_commands.json', 'compile_flags.txt', '.clangd'],
  roots: { markers: [] },
  env: {},
  initializationOptions: { clangdFileStatus: false },
  settings: {},
  install: {
    linux: 'Install it with `sudo apt-get install clangd`.',
    darwin: 'Install it with `xcode-select --install`, or with `brew install llvm`.',
    win32: 'Install LLVM from https://releases.llvm.org.',
  },
  quirks: { indexes: 'on-first-file', indexingBeginsWithinMs: 1_000, forceRebuild: true, compilationDatabase: true },
}

const SHIPPED: readonly ServerEntry[] = [TYPESCRIPT, PYTHON, GO, RUST, CPP]

/** The servers that a branch can have: a user's own first, so that they take the place of shipped ones. */
export class ServerCatalogue {
  readonly entries: readonly ServerEntry[]
  private readonly matchers: readonly { readonly entry: ServerEntry; readonly languageId: string; matches(path: string): boolean }[]

  constructor(settings: LspSettings) {
    this.entries = [...settings.servers.map(entryOfSettings), ...SHIPPED]
    this.matchers = this.entries.flatMap((entry) =>
      entry.files.map(({ pattern, languageId }) => ({ entry, languageId, matches: matcherOf(pattern) })),
    )
  }

  find(path: string): { readonly entry: ServerEntry; readonly languageId: string } | null {
    return this.matchers.find(({ matches }) => matches(path)) ?? null
  }

  /** Throws `lsp.unsupported-file` for a file that no server reads. */
  of(path: string): { readonly entry: ServerEntry; readonly languageId: string } {
    const found = this.find(path)
    if (found !== null) return found
    throw new KeyframeError({
      code: 'lsp.unsupported-file',
      message: `No language server here reads ${path}.`,
      action: `Languages: ${this.entries.map((entry) => entry.language).join(', ')}. Others can be added in Keyframe's settings file, under "lsp.servers".`,
    })
  }

  /** By language (`python`) or language id (`typescriptreact`). Throws `lsp.unsupported-language`. */
  ofLanguage(language: string): ServerEntry {
    const found =
      this.entries.find((entry) => entry.language === language) ?? this.matchers.find((one) => one.languageId === language)?.entry
    if (found !== undefined) return found
    throw new KeyframeError({
      code: 'lsp.unsupported-language',
      message: `There is no language server for ${language}.`,
      action: `Languages: ${this.entries.map((entry) => entry.language).join(', ')}.`,
    })
  }
}

/** A glob without a slash is of names, one with a slash of paths in the workspace. */
export function matcherOf(pattern: string): (path: string) => boolean {
  return picomatch(pattern, { dot: true, basename: !pattern.includes('/'), nonegate: true, maxLength: 1000 })
}

/** What the settings do not say about a shipped language stays as shipped; of another one nothing is known. */
function entryOfSettings(server: LspSettings['servers'][number]): ServerEntry {
  const shipped = SHIPPED.find((entry) => entry.language === server.language)
  const install = `Keyframe's settings name the command ${server.command} for ${server.language}: install it, or correct the settings.`
  return {
    language: server.language,
    title: server.command.split('/').at(-1) ?? server.command,
    source: 'settings',
    programs: [{ kind: 'path', command: server.command, args: server.args, versionArgs: ['--version'] }],
    files: server.patterns.map((pattern) => ({
      pattern,
      languageId: shipped?.files.find((file) => file.pattern === pattern)?.languageId ?? server.language,
    })),
    configurations: [...(shipped?.configurations ?? []), ...server.roots],
    roots: shipped !== undefined && server.roots.length === 0 ? shipped.roots : { markers: server.roots.map((marker) => [marker]) },
    env: { ...shipped?.env, ...server.env },
    initializationOptions: server.initializationOptions ?? shipped?.initializationOptions,
    settings: { ...shipped?.settings, ...server.settings },
    install: { linux: install, darwin: install, win32: install },
    // Of an unknown one, what it announces as work in progress is waited for.
    quirks: shipped?.quirks ?? { indexes: 'on-start', indexingBeginsWithinMs: 500, silentDiagnostics: true },
  }
}
