import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import type { CallSite } from './call-sites'

/** What TypeScript's own checker says is called at every call, `new`, decorator, tagged template and JSX element of some files. */
export function typescriptCalls(root: string, paths: readonly string[]): CallSite[] {
  const configPath = ts.findConfigFile(root, (path) => ts.sys.fileExists(path))
  const read = configPath === undefined ? {} : ts.readConfigFile(configPath, (path) => ts.sys.readFile(path)).config
  const { options } = ts.parseJsonConfigFileContent(read, ts.sys, configPath === undefined ? root : dirname(configPath))
  const program = ts.createProgram(
    paths.map((path) => join(root, path)),
    { ...options, noEmit: true, allowJs: true },
  )
  const checker = program.getTypeChecker()
  const sites: CallSite[] = []
  for (const path of paths) {
    const source = program.getSourceFile(join(root, path))
    if (source === undefined) continue
    const visit = (node: ts.Node): void => {
      const callee = calleeOf(node)
      if (callee !== null) {
        const name = nameOf(callee)
        if (name !== null)
          sites.push({ path, line: lineOf(source, node.getStart(source)), name: name.text, declared: declarations(checker, name, root) })
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return sites
}

function calleeOf(node: ts.Node): ts.Node | null {
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return node.expression
  if (ts.isTaggedTemplateExpression(node)) return node.tag
  if (ts.isDecorator(node) && !ts.isCallExpression(node.expression)) return node.expression
  if ((ts.isJsxOpeningElement(node) || ts.isJsxSelfClosingElement(node)) && /^[A-Z]|\./.test(node.tagName.getText())) return node.tagName
  return null
}

function nameOf(callee: ts.Node): ts.Identifier | ts.PrivateIdentifier | null {
  let at = callee
  while (ts.isParenthesizedExpression(at) || ts.isNonNullExpression(at) || ts.isAsExpression(at)) at = at.expression
  if (ts.isIdentifier(at)) return at
  return ts.isPropertyAccessExpression(at) ? at.name : null
}

function declarations(checker: ts.TypeChecker, name: ts.Node, root: string): CallSite['declared'] {
  let symbol = checker.getSymbolAtLocation(name)
  if (symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0) symbol = checker.getAliasedSymbol(symbol)
  return (symbol?.declarations ?? []).map((declaration) => {
    const source = declaration.getSourceFile()
    const path = relative(root, source.fileName)
    const at = ts.getNameOfDeclaration(declaration) ?? declaration
    const isOwn = !path.startsWith('..') && !path.includes('node_modules/')
    return {
      path: isOwn ? path : null,
      line: lineOf(source, at.getStart(source)),
      name: symbol?.name === 'default' ? at.getText(source) : textOf(at, source),
    }
  })
}

function textOf(node: ts.Node, source: ts.SourceFile): string {
  return ts.isStringLiteral(node) ? node.text : node.getText(source)
}

function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1
}
