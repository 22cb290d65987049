import { dirname, join } from 'node:path'
import picomatch from 'picomatch'
import ts from 'typescript'
import { KeyframeError } from '../../../shared/failure'
import type { ContentHash } from '../../../shared/ids'
import { applyOffsetEdits, TextPositions, toOffsetEdits } from '../agents/refactorings/text-positions'
import { type TextEdit, WorkspaceEdit } from '../tools/schemas/text'
import type { ToolName } from '../tools/schemas'
import type { z } from 'zod'

type Edit = z.output<typeof WorkspaceEdit>
export type FileMap = Map<string, string>

const ROOT = '/w/'
const COMPILER_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2023.d.ts'],
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: true,
  types: [],
}
const LIB_DIR = dirname(ts.getDefaultLibFilePath(COMPILER_OPTIONS))

/** 64 hex digits that differ when the text does: enough of a version for files in memory. */
export function versionOf(text: string): ContentHash {
  let hash = 2166136261
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 16777619) >>> 0
  return `${hash.toString(16).padStart(8, '0')}${text.length.toString(16).padStart(56, '0')}` as ContentHash
}

/**
 * The file, search and language tools over files in memory, the language ones answered by TypeScript's own language service.
 * `aliases` is the server's preference for `import { B as A }` in renames, which differs between servers.
 */
export class TypeScriptTools {
  readonly files: FileMap
  readonly #aliases: boolean
  readonly #service: ts.LanguageService
  #version = 0

  constructor(files: FileMap, aliases: boolean, registry: ts.DocumentRegistry) {
    this.files = files
    this.#aliases = aliases
    const read = (path: string): string | undefined =>
      path.startsWith(ROOT) ? this.files.get(path.slice(ROOT.length)) : path.startsWith(LIB_DIR) ? ts.sys.readFile(path) : undefined
    this.#service = ts.createLanguageService(
      {
        getCompilationSettings: () => COMPILER_OPTIONS,
        getScriptFileNames: () => [...this.files.keys()].filter((path) => /\.[cm]?[jt]sx?$/.test(path)).map((path) => ROOT + path),
        getScriptVersion: (path) => versionOf(read(path) ?? ''),
        getScriptSnapshot: (path) => {
          const text = read(path)
          return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
        },
        getProjectVersion: () => String(this.#version),
        getCurrentDirectory: () => ROOT,
        getDefaultLibFileName: () => join(LIB_DIR, 'lib.es2023.d.ts'),
        fileExists: (path) => read(path) !== undefined,
        readFile: read,
        directoryExists: (path) => [...this.files.keys()].some((file) => `${ROOT}${file}`.startsWith(`${path.replace(/\/$/, '')}/`)),
      },
      registry,
    )
  }

  /** Throws KeyframeError for what a driver would refuse. */
  call(tool: ToolName, args: Record<string, unknown>): unknown {
    const path = String(args['path'] ?? '')
    switch (tool) {
      case 'fs.read':
        return this.#read(path)
      case 'fs.stat': {
        const text = this.files.get(path)
        const type = text === undefined ? 'absent' : 'file'
        return { path, type, sizeBytes: text?.length ?? 0, mode: 0o644, mtimeMs: 0, version: text === undefined ? null : versionOf(text) }
      }
      case 'fs.glob': {
        const matches = picomatch(String(args['pattern']), { dot: true })
        return { paths: [...this.files.keys()].filter((file) => matches(file)).sort(), truncated: false }
      }
      case 'fs.write':
        this.write(path, String(args['text']))
        return { path, version: versionOf(String(args['text'])), created: false }
      case 'fs.applyEdit':
        return this.#applyEdit(WorkspaceEdit.parse(args))
      case 'code.search':
        return { hits: this.#search(String(args['query'])), truncated: false }
      case 'lsp.rename':
        return { edit: this.#rename(path, this.#offset(args), String(args['newName'])) }
      case 'lsp.references':
        return { locations: this.#references(path, this.#offset(args), args['includeDeclaration'] === true) }
      case 'lsp.workspaceSymbols':
        return { symbols: this.#symbols(String(args['query'])) }
      case 'lsp.organiseImports':
        return {
          edit: this.#editOf(
            this.#service.organizeImports({ type: 'file', fileName: ROOT + path }, ts.getDefaultFormatCodeSettings(), this.#preferences()),
          ),
        }
      case 'lsp.moveSymbol':
        return { edit: this.#move(path, this.#offset(args), String(args['toPath'])) }
      case 'lsp.fix':
        return this.#fix(path, String(args['code']))
      case 'lsp.diagnostics':
        return { diagnostics: (args['paths'] as string[]).flatMap((file) => this.#diagnostics(file)) }
      default:
        throw new KeyframeError({ code: 'tool.unknown', message: `no tool ${tool} here` })
    }
  }

  write(path: string, text: string): void {
    this.files.set(path, text)
    this.#version += 1
  }

  #text(path: string): string {
    const text = this.files.get(path)
    if (text === undefined) throw new KeyframeError({ code: 'fs.not-found', message: `There is no file ${path}.` })
    return text
  }

  #read(path: string) {
    const text = this.#text(path)
    const totalLines = text.split('\n').length
    return { path, text, version: versionOf(text), totalLines, sizeBytes: text.length, startLine: 1, endLine: totalLines }
  }

  #applyEdit(edit: Edit) {
    for (const file of edit.files) {
      if (file.version !== null && file.version !== versionOf(this.#text(file.path))) {
        throw new KeyframeError({ code: 'fs.stale-version', message: `${file.path} was changed in the meantime.` })
      }
    }
    for (const file of edit.create) this.write(file.path, file.text)
    for (const file of edit.files) {
      const text = this.#text(file.path)
      this.write(file.path, applyOffsetEdits(text, toOffsetEdits(text, file.edits)))
    }
    return { versions: edit.files.map((file) => ({ path: file.path, version: versionOf(this.#text(file.path)) })) }
  }

  #search(query: string) {
    const hits: { path: string; line: number; column: number; text: string }[] = []
    for (const [path, text] of [...this.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const [index, line] of text.split('\n').entries()) {
        const column = line.search(new RegExp(String.raw`\b${query.replace(/\$/g, '\\$')}\b`))
        if (column !== -1) hits.push({ path, line: index + 1, column, text: line })
      }
    }
    return hits
  }

  #offset(args: Record<string, unknown>): number {
    return new TextPositions(this.#text(String(args['path']))).offsetOf(Number(args['line']), Number(args['column']))
  }

  #preferences(): ts.UserPreferences {
    return { providePrefixAndSuffixTextForRename: this.#aliases, importModuleSpecifierEnding: 'auto', quotePreference: 'single' }
  }

  #range(path: string, span: ts.TextSpan) {
    const positions = new TextPositions(this.#text(path))
    const [start, end] = [positions.positionOf(span.start), positions.positionOf(span.start + span.length)]
    return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column }
  }

  #rename(path: string, offset: number, newName: string): Edit {
    const locations = this.#service.findRenameLocations(ROOT + path, offset, false, false, this.#preferences()) ?? []
    const files = new Map<string, TextEdit[]>()
    for (const location of locations) {
      const file = location.fileName.slice(ROOT.length)
      const newText = `${location.prefixText ?? ''}${newName}${location.suffixText ?? ''}`
      files.set(file, [...(files.get(file) ?? []), { ...this.#range(file, location.textSpan), newText }])
    }
    return { files: [...files].map(([file, edits]) => ({ path: file, version: null, edits })), create: [], move: [], remove: [] }
  }

  #references(path: string, offset: number, includeDeclaration: boolean) {
    const entries = (this.#service.findReferences(ROOT + path, offset) ?? []).flatMap((symbol) => symbol.references)
    return entries
      .filter((entry) => includeDeclaration || entry.isDefinition !== true)
      .map((entry) => {
        const file = entry.fileName.slice(ROOT.length)
        const range = this.#range(file, entry.textSpan)
        return { path: file, ...range, context: this.#text(file).split('\n')[range.startLine - 1] ?? '' }
      })
  }

  #symbols(query: string) {
    return this.#service.getNavigateToItems(query).map((item) => {
      const path = item.fileName.slice(ROOT.length)
      const range = this.#range(path, item.textSpan)
      return {
        name: item.name,
        kind: item.kind,
        path,
        container: item.containerName === '' ? null : item.containerName,
        ...range,
        nameLine: range.startLine,
        nameColumn: range.startColumn,
      }
    })
  }

  #editOf(changes: readonly ts.FileTextChanges[]): Edit {
    const files: Edit['files'] = []
    const create: Edit['create'] = []
    for (const change of changes) {
      const path = change.fileName.slice(ROOT.length)
      if (change.isNewFile === true) create.push({ path, text: change.textChanges.map((one) => one.newText).join('') })
      else {
        const edits = change.textChanges.map((one) => ({ ...this.#range(path, one.span), newText: one.newText }))
        files.push({ path, version: versionOf(this.#text(path)), edits })
      }
    }
    return { files, create, move: [], remove: [] }
  }

  #move(path: string, offset: number, toPath: string): Edit {
    const source = this.#service.getProgram()?.getSourceFile(ROOT + path)
    const statement = source?.statements.find((one) => one.getStart() <= offset && offset < one.end)
    if (statement === undefined) throw new KeyframeError({ code: 'lsp.no-refactor', message: 'Nothing to move there.' })
    const range = { pos: statement.getStart(), end: statement.end }
    const edits = this.#service.getEditsForRefactor(
      ROOT + path,
      ts.getDefaultFormatCodeSettings(),
      range,
      'Move to file',
      'Move to file',
      this.#preferences(),
      { targetFile: ROOT + toPath },
    )
    return this.#editOf(edits?.edits ?? [])
  }

  #fix(path: string, code: string) {
    const diagnostic = this.#all(path).find((one) => String(one.code) === code)
    if (diagnostic?.start === undefined) return { edit: { files: [], create: [], move: [], remove: [] }, titles: [] }
    const settings = ts.getDefaultFormatCodeSettings()
    const { start, length } = diagnostic
    const [first] = this.#service.getCodeFixesAtPosition(
      ROOT + path,
      start,
      start + (length ?? 0),
      [Number(code)],
      settings,
      this.#preferences(),
    )
    if (first === undefined) return { edit: { files: [], create: [], move: [], remove: [] }, titles: [] }
    if (first.fixId === undefined) return { edit: this.#editOf(first.changes), titles: [first.description] }
    const all = this.#service.getCombinedCodeFix({ type: 'file', fileName: ROOT + path }, first.fixId, settings, this.#preferences())
    return { edit: this.#editOf(all.changes), titles: [first.fixAllDescription ?? first.description] }
  }

  #all(path: string): ts.Diagnostic[] {
    const file = ROOT + path
    return [
      ...this.#service.getSyntacticDiagnostics(file),
      ...this.#service.getSemanticDiagnostics(file),
      ...this.#service.getSuggestionDiagnostics(file),
    ]
  }

  #diagnostics(path: string) {
    return this.#all(path).map((one) => ({
      path,
      ...this.#range(path, { start: one.start ?? 0, length: one.length ?? 0 }),
      severity: one.category === ts.DiagnosticCategory.Error ? 'error' : 'hint',
      code: String(one.code),
      message: ts.flattenDiagnosticMessageText(one.messageText, '\n'),
      source: 'typescript',
    }))
  }
}
