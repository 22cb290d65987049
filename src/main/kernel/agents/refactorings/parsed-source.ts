import type * as TypeScript from 'typescript'
import { TextPositions, wholeWordOffsets } from './text-positions'

type Ts = typeof TypeScript

/** What an identifier does where it stands. */
export type NameRole = 'declaration' | 'import' | 'export' | 'shorthand' | 'call' | 'type' | 'write' | 'read' | 'not-code'

export interface Declaration {
  readonly name: string
  readonly line: number
  readonly column: number
  readonly kind: 'function' | 'class' | 'interface' | 'type' | 'enum' | 'variable' | 'method' | 'property' | 'namespace' | 'parameter'
  /** Names of the classes, interfaces, functions around it, outermost first. */
  readonly containers: readonly string[]
  readonly scope: 'top' | 'member' | 'local'
  /** By name, inline or in an export list; `default` for a default export. */
  readonly exported: 'named' | 'default' | 'no'
  /** Offset just behind the statement that declares it. */
  readonly statementEnd: number
  /** Names of the other members of its class, interface or enum. */
  readonly siblings: readonly string[]
}

export interface Mention {
  readonly offset: number
  readonly where: 'comment' | 'string' | 'jsx-text'
  /** A string that consists of the word alone: it may be a key that a program reads. */
  readonly alone: boolean
  /** The title of a test or suite. */
  readonly testTitle: boolean
}

export interface Specifier {
  readonly typeOnly: boolean
  readonly aliased: boolean
  readonly reExport: boolean
}

export interface ImportedName {
  readonly local: string
  readonly start: number
  readonly end: number
}

export interface ImportStatement {
  readonly start: number
  readonly end: number
  readonly module: string
  readonly defaultName: ImportedName | null
  readonly namespaceName: ImportedName | null
  readonly named: readonly ImportedName[]
  /** The braces with all between them; null when there are none. */
  readonly braces: { readonly start: number; readonly end: number } | null
}

/** One source file, parsed with TypeScript's own parser. Loading that and parsing take long: this belongs in a thread of its own. */
export class ParsedSource {
  readonly #ts: Ts
  readonly #file: TypeScript.SourceFile
  readonly positions: TextPositions
  readonly text: string

  constructor(ts: Ts, path: string, text: string) {
    this.#ts = ts
    this.text = text
    this.#file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, scriptKind(ts, path))
    this.positions = new TextPositions(text)
  }

  roleAt(line: number, column: number): NameRole {
    const node = this.#nameAt(this.positions.offsetOf(line, column))
    return node === null ? 'not-code' : this.#roleOf(node)
  }

  /** Within braces of an import or export: the modifier `type ` in front of it, and whether it has an alias. */
  specifierAt(line: number, column: number): Specifier | null {
    const ts = this.#ts
    const parent = this.#nameAt(this.positions.offsetOf(line, column))?.parent
    if (parent === undefined || (!ts.isImportSpecifier(parent) && !ts.isExportSpecifier(parent))) return null
    const reExport = ts.isExportSpecifier(parent) && parent.parent.parent.moduleSpecifier !== undefined
    return { typeOnly: parent.isTypeOnly, aliased: parent.propertyName !== undefined, reExport }
  }

  /** Declarations of a name, in the order of the file. */
  declarationsOf(name: string): Declaration[] {
    const found: Declaration[] = []
    this.#walk(this.#file, (node) => {
      if (!this.#ts.isIdentifier(node) && !this.#ts.isPrivateIdentifier(node)) return
      if (node.text !== name || this.#roleOf(node) !== 'declaration') return
      const declaration = this.#declarationFrom(node)
      if (declaration !== null) found.push(declaration)
    })
    return found
  }

  declarationAt(line: number, column: number): Declaration | null {
    const node = this.#nameAt(this.positions.offsetOf(line, column))
    return node === null || this.#roleOf(node) !== 'declaration' ? null : this.#declarationFrom(node)
  }

  /** True when the name stands anywhere for a variable, function or type: not as a property after a dot or a key. */
  usesName(name: string): boolean {
    const ts = this.#ts
    let used = false
    this.#walk(this.#file, (node) => {
      if (!ts.isIdentifier(node) || node.text !== name) return
      const { parent } = node
      if (ts.isPropertyAccessExpression(parent) && parent.name === node) return
      if ((ts.isPropertyAssignment(parent) || ts.isClassElement(parent) || ts.isTypeElement(parent)) && parent.name === node) return
      if (ts.isQualifiedName(parent) && parent.right === node) return
      if (ts.isBindingElement(parent) && parent.propertyName === node) return
      if ((ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) && parent.propertyName === node) return
      used = true
    })
    return used
  }

  /** Whole-word occurrences outside code: comments, strings, templates, text in JSX. Module names of imports are left out. */
  mentionsOf(word: string): Mention[] {
    const mentions: Mention[] = []
    const offsets = wholeWordOffsets(this.text, word)
    if (offsets.length === 0) return mentions
    const strings = this.#stringRanges()
    const code = this.#identifierStarts(word)
    for (const offset of offsets) {
      const inside = strings.find((range) => range.start <= offset && offset < range.end)
      if (inside !== undefined) {
        if (inside.kind === 'module') continue
        const alone = inside.kind === 'string' && this.text.slice(inside.start, inside.end) === word
        mentions.push({ offset, where: inside.kind === 'jsx' ? 'jsx-text' : 'string', alone, testTitle: inside.testTitle })
      } else if (!code.has(offset) && this.#inComment(offset)) {
        mentions.push({ offset, where: 'comment', alone: false, testTitle: false })
      }
    }
    return mentions
  }

  /** Names of the functions, classes and other declarations around the first code of a line, outermost first. */
  enclosingNames(line: number): string[] {
    const start = this.positions.offsetOf(line, 0)
    const offset = start + (/^[ \t]*/.exec(this.text.slice(start))?.[0].length ?? 0)
    let at: TypeScript.Node = this.#file
    for (;;) {
      const child: TypeScript.Node | undefined = this.#ts.forEachChild(at, (node) =>
        node.pos <= offset && offset < node.end ? node : undefined,
      )
      if (child === undefined) return this.#containersOf(at)
      at = child
    }
  }

  /** The nearest function, class, method or variable around a position that is not itself local to another one. */
  enclosingDeclaration(line: number, column: number): Declaration | null {
    let at: TypeScript.Node | undefined = this.#nameAt(this.positions.offsetOf(line, column))?.parent
    for (; at !== undefined && !this.#ts.isSourceFile(at); at = at.parent) {
      const name = isNamedDeclaration(this.#ts, at) ? at.name : undefined
      if (name === undefined || (!this.#ts.isIdentifier(name) && !this.#ts.isPrivateIdentifier(name))) continue
      const declaration = this.#declarationFrom(name)
      if (declaration !== null && declaration.scope !== 'local') return declaration
    }
    return null
  }

  imports(): ImportStatement[] {
    const ts = this.#ts
    const statements: ImportStatement[] = []
    for (const statement of this.#file.statements) {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue
      const bindings = statement.importClause?.namedBindings
      const range = (node: TypeScript.Node, local: string) => ({ local, start: node.getStart(this.#file), end: node.end })
      const defaultName = statement.importClause?.name
      statements.push({
        start: statement.getStart(this.#file),
        end: statement.end,
        module: statement.moduleSpecifier.text,
        defaultName: defaultName === undefined ? null : range(defaultName, defaultName.text),
        namespaceName: bindings !== undefined && ts.isNamespaceImport(bindings) ? range(bindings, bindings.name.text) : null,
        named:
          bindings !== undefined && ts.isNamedImports(bindings)
            ? bindings.elements.map((element) => range(element, element.name.text))
            : [],
        braces: bindings !== undefined && ts.isNamedImports(bindings) ? { start: bindings.getStart(this.#file), end: bindings.end } : null,
      })
    }
    return statements
  }

  #walk(node: TypeScript.Node, visit: (node: TypeScript.Node) => void): void {
    visit(node)
    this.#ts.forEachChild(node, (child) => this.#walk(child, visit))
  }

  #nameAt(offset: number): TypeScript.Identifier | TypeScript.PrivateIdentifier | null {
    const ts = this.#ts
    let at: TypeScript.Node = this.#file
    for (;;) {
      const child: TypeScript.Node | undefined = ts.forEachChild(at, (node) =>
        node.getStart(this.#file) <= offset && offset < node.end ? node : undefined,
      )
      if (child === undefined) return null
      if ((ts.isIdentifier(child) || ts.isPrivateIdentifier(child)) && child.getStart(this.#file) === offset) return child
      at = child
    }
  }

  #roleOf(node: TypeScript.Identifier | TypeScript.PrivateIdentifier): NameRole {
    const ts = this.#ts
    const { parent } = node
    if (ts.isImportSpecifier(parent) || ts.isImportClause(parent) || ts.isNamespaceImport(parent)) return 'import'
    if (ts.isExportSpecifier(parent) || ts.isNamespaceExport(parent)) return 'export'
    if (ts.isShorthandPropertyAssignment(parent) && parent.name === node) return 'shorthand'
    if (
      ts.isBindingElement(parent) &&
      parent.name === node &&
      parent.propertyName === undefined &&
      ts.isObjectBindingPattern(parent.parent)
    ) {
      return parent.dotDotDotToken === undefined ? 'shorthand' : 'declaration'
    }
    if (ts.isPropertyAssignment(parent) && parent.name === node) return 'write'
    if (isNamedDeclaration(ts, parent) && parent.name === node) return 'declaration'
    const outer = ts.isPropertyAccessExpression(parent) && parent.name === node ? parent : node
    const user = outer.parent
    if ((ts.isCallExpression(user) || ts.isNewExpression(user)) && user.expression === outer) return 'call'
    if (ts.isTaggedTemplateExpression(user) && user.tag === outer) return 'call'
    if (ts.isJsxOpeningLikeElement(user) && user.tagName === outer) return 'call'
    if (ts.isTypeNode(parent) || ts.isQualifiedName(parent) || ts.isExpressionWithTypeArguments(parent)) return 'type'
    if (ts.isBinaryExpression(user) && user.left === outer) {
      const operator = user.operatorToken.kind
      if (operator >= ts.SyntaxKind.FirstAssignment && operator <= ts.SyntaxKind.LastAssignment) return 'write'
    }
    if (ts.isPrefixUnaryExpression(user) || ts.isPostfixUnaryExpression(user)) {
      return user.operator === ts.SyntaxKind.PlusPlusToken || user.operator === ts.SyntaxKind.MinusMinusToken ? 'write' : 'read'
    }
    return 'read'
  }

  #declarationFrom(node: TypeScript.Identifier | TypeScript.PrivateIdentifier): Declaration | null {
    const ts = this.#ts
    const owner = node.parent
    const kind = declarationKind(ts, owner)
    if (kind === null) return null
    const member = ts.isClassElement(owner) || ts.isTypeElement(owner) || ts.isEnumMember(owner)
    const statement = ts.isVariableDeclaration(owner) ? (ts.findAncestor(owner, ts.isVariableStatement) ?? owner) : owner
    const top = !member && statement.parent === this.#file
    const { line, column } = this.positions.positionOf(node.getStart(this.#file))
    return {
      name: node.text,
      line,
      column,
      kind,
      containers: this.#containersOf(owner),
      scope: member ? 'member' : top ? 'top' : 'local',
      exported: top ? this.#exportOf(statement, node.text) : 'no',
      statementEnd: statement.end,
      siblings: member ? siblingNames(ts, owner, node) : [],
    }
  }

  #containersOf(node: TypeScript.Node): string[] {
    const ts = this.#ts
    const names: string[] = []
    for (let at = node.parent; at !== undefined && !ts.isSourceFile(at); at = at.parent) {
      if (isNamedDeclaration(ts, at) && at.name !== undefined && ts.isIdentifier(at.name)) names.unshift(at.name.text)
    }
    return names
  }

  #exportOf(statement: TypeScript.Node, name: string): Declaration['exported'] {
    const ts = this.#ts
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : []
    if (modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword)) return 'default'
    if (modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) return 'named'
    const listed = this.#file.statements.some(
      (other) =>
        ts.isExportDeclaration(other) &&
        other.moduleSpecifier === undefined &&
        other.exportClause !== undefined &&
        ts.isNamedExports(other.exportClause) &&
        other.exportClause.elements.some((element) => (element.propertyName ?? element.name).text === name),
    )
    return listed ? 'named' : 'no'
  }

  #stringRanges(): { start: number; end: number; kind: 'string' | 'jsx' | 'module'; testTitle: boolean }[] {
    const ts = this.#ts
    const ranges: { start: number; end: number; kind: 'string' | 'jsx' | 'module'; testTitle: boolean }[] = []
    this.#walk(this.#file, (node) => {
      const start = node.getStart(this.#file)
      if (ts.isJsxText(node)) ranges.push({ start, end: node.end, kind: 'jsx', testTitle: false })
      if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
        const kind = isModuleName(ts, node) ? 'module' : 'string'
        ranges.push({ start: start + 1, end: node.end - 1, kind, testTitle: isTestTitle(ts, node) })
      }
      if (ts.isTemplateHead(node)) ranges.push({ start: start + 1, end: node.end - 2, kind: 'string', testTitle: false })
      if (ts.isTemplateMiddle(node)) ranges.push({ start: start + 1, end: node.end - 2, kind: 'string', testTitle: false })
      if (ts.isTemplateTail(node)) ranges.push({ start: start + 1, end: node.end - 1, kind: 'string', testTitle: false })
    })
    return ranges
  }

  #identifierStarts(name: string): Set<number> {
    const starts = new Set<number>()
    this.#walk(this.#file, (node) => {
      if ((this.#ts.isIdentifier(node) || this.#ts.isPrivateIdentifier(node)) && node.text === name) starts.add(node.getStart(this.#file))
    })
    return starts
  }

  /** A comment lies between tokens: the deepest node at the offset has it in its leading or trailing white space. */
  #inComment(offset: number): boolean {
    const ts = this.#ts
    let at: TypeScript.Node = this.#file
    for (;;) {
      const children: readonly TypeScript.Node[] = at.getChildren(this.#file).filter((node) => !ts.isJSDoc(node))
      const child: TypeScript.Node | undefined = children.find((node) => node.pos <= offset && offset < node.end)
      if (child === undefined) break
      at = child
    }
    const ranges = [
      ...(ts.getLeadingCommentRanges(this.text, at.pos) ?? []),
      ...(ts.getTrailingCommentRanges(this.text, at.pos) ?? []),
      ...(ts.getTrailingCommentRanges(this.text, at.end) ?? []),
    ]
    return ranges.some((range) => range.pos <= offset && offset < range.end)
  }
}

type NamedNode = TypeScript.Node & { readonly name?: TypeScript.Node | undefined }

function isNamedDeclaration(ts: Ts, node: TypeScript.Node): node is NamedNode {
  return declarationKind(ts, node) !== null || ts.isTypeParameterDeclaration(node)
}

function declarationKind(ts: Ts, node: TypeScript.Node): Declaration['kind'] | null {
  if (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node)) return 'function'
  if (ts.isClassLike(node)) return 'class'
  if (ts.isInterfaceDeclaration(node)) return 'interface'
  if (ts.isTypeAliasDeclaration(node)) return 'type'
  if (ts.isEnumDeclaration(node)) return 'enum'
  if (ts.isModuleDeclaration(node)) return 'namespace'
  if (ts.isVariableDeclaration(node) || ts.isBindingElement(node)) return 'variable'
  if (ts.isParameter(node)) return 'parameter'
  if (ts.isMethodDeclaration(node) || ts.isMethodSignature(node) || ts.isAccessor(node)) return 'method'
  if (ts.isPropertyDeclaration(node) || ts.isPropertySignature(node) || ts.isEnumMember(node)) return 'property'
  return null
}

function siblingNames(ts: Ts, owner: TypeScript.Node, name: TypeScript.Node): string[] {
  const { parent } = owner
  if (!ts.isClassLike(parent) && !ts.isInterfaceDeclaration(parent) && !ts.isTypeLiteralNode(parent) && !ts.isEnumDeclaration(parent))
    return []
  const names: string[] = []
  for (const member of parent.members) {
    if (member.name !== undefined && member.name !== name && (ts.isIdentifier(member.name) || ts.isPrivateIdentifier(member.name))) {
      names.push(member.name.text)
    }
  }
  return names
}

function isModuleName(ts: Ts, node: TypeScript.StringLiteralLike): boolean {
  const { parent } = node
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isExternalModuleReference(parent)) return true
  if (ts.isLiteralTypeNode(parent) && ts.isImportTypeNode(parent.parent)) return true
  if (!ts.isCallExpression(parent) || parent.arguments[0] !== node) return false
  const callee = parent.expression
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
}

function isTestTitle(ts: Ts, node: TypeScript.StringLiteralLike): boolean {
  const { parent } = node
  if (!ts.isCallExpression(parent) || parent.arguments[0] !== node) return false
  let callee: TypeScript.Expression = parent.expression
  while (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) callee = callee.expression
  return ts.isIdentifier(callee) && /^(?:test|it|describe|suite|bench)$/.test(callee.text)
}

function scriptKind(ts: Ts, path: string): TypeScript.ScriptKind {
  if (path.endsWith('.tsx')) return ts.ScriptKind.TSX
  if (/\.[cm]?ts$/.test(path)) return ts.ScriptKind.TS
  return ts.ScriptKind.JSX
}
