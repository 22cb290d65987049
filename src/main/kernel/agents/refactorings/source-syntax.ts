import type { Declaration, ImportStatement, Mention, NameRole, Specifier } from './parsed-source'
import { askSyntax } from './syntax-thread-client'
import { TextPositions } from './text-positions'

/**
 * One source file's syntax, read with TypeScript's own parser in a thread of its own: loading the parser alone would hold up the
 * kernel for a second. The same text gives the same answers: agents may rely on it in a replay.
 */
export class SourceSyntax {
  readonly positions: TextPositions
  readonly path: string
  readonly text: string

  constructor(path: string, text: string) {
    this.path = path
    this.text = text
    this.positions = new TextPositions(text)
  }

  roleAt(line: number, column: number): Promise<NameRole> {
    return askSyntax(this, 'roleAt', [line, column])
  }

  /** Within braces of an import or export: the modifier `type ` in front of it, and whether it has an alias. */
  specifierAt(line: number, column: number): Promise<Specifier | null> {
    return askSyntax(this, 'specifierAt', [line, column])
  }

  /** Declarations of a name, in the order of the file. */
  declarationsOf(name: string): Promise<Declaration[]> {
    return askSyntax(this, 'declarationsOf', [name])
  }

  declarationAt(line: number, column: number): Promise<Declaration | null> {
    return askSyntax(this, 'declarationAt', [line, column])
  }

  /** True when the name stands anywhere for a variable, function or type: not as a property after a dot or a key. */
  usesName(name: string): Promise<boolean> {
    return askSyntax(this, 'usesName', [name])
  }

  /** Whole-word occurrences outside code: comments, strings, templates, text in JSX. Module names of imports are left out. */
  mentionsOf(word: string): Promise<Mention[]> {
    return askSyntax(this, 'mentionsOf', [word])
  }

  /** Names of the functions, classes and other declarations around the first code of a line, outermost first. */
  enclosingNames(line: number): Promise<string[]> {
    return askSyntax(this, 'enclosingNames', [line])
  }

  /** The nearest function, class, method or variable around a position that is not itself local to another one. */
  enclosingDeclaration(line: number, column: number): Promise<Declaration | null> {
    return askSyntax(this, 'enclosingDeclaration', [line, column])
  }

  imports(): Promise<ImportStatement[]> {
    return askSyntax(this, 'imports', [])
  }
}
