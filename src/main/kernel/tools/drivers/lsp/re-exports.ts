import { posix } from 'node:path'

export interface MovedName {
  readonly name: string
  /** `./account`, as written in the file that exports it again. */
  readonly oldModule: string
  readonly newModule: string
  /** A type's name: needed where modules are compiled one by one. */
  readonly isType: boolean
}

/**
 * The text of a file that exports a moved name again (`export { a } from`, `export * from`), with the name taken from its new
 * module. The server's own "Move to file" leaves such statements as they are, which would break everybody behind them.
 */
export function updateReExports(text: string, moved: MovedName): string {
  const module = moved.oldModule.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  const named = new RegExp(`export(\\s+type)?\\s*\\{([^}]*)\\}\\s*from\\s*(['"])${module}\\3(;?)`, 'g')
  const result = text.replaceAll(named, (whole: string, type: string | undefined, list: string, quote: string, end: string) => {
    const items = list.split(',').map((item) => item.trim())
    const isMoved = (item: string): boolean => new RegExp(`^(?:type\\s+)?${moved.name}(?:\\s+as\\s+\\S+)?$`).test(item)
    const gone = items.filter((item) => item !== '' && isMoved(item))
    if (gone.length === 0) return whole
    const kept = items.filter((item) => item !== '' && !isMoved(item))
    const keyword = `export${type ?? ''}`
    const fresh = `${keyword} { ${gone.join(', ')} } from ${quote}${moved.newModule}${quote}${end}`
    if (kept.length === 0) return fresh
    const isLong = list.includes('\n')
    const rest = isLong ? `\n${kept.map((item) => `  ${item},\n`).join('')}` : ` ${kept.join(', ')} `
    return `${keyword} {${rest}} from ${quote}${moved.oldModule}${quote}${end}\n${fresh}`
  })
  if (exportsAll(result, moved.newModule)) return result
  return result.replace(new RegExp(`export\\s*\\*\\s*from\\s*(['"])${module}\\1(;?)`), (whole, quote: string, end: string) => {
    const keyword = moved.isType ? 'export type' : 'export'
    return `${whole}\n${keyword} { ${moved.name} } from ${quote}${moved.newModule}${quote}${end}`
  })
}

function exportsAll(text: string, module: string): boolean {
  return [...text.matchAll(/export\s*\*\s*from\s*['"]([^'"]+)['"]/g)].some((match) => match[1] === module)
}

/** How a file names another one, with the ending that it uses for its old module (`./a`, `./a.js`, `./a.ts`). */
export function moduleNameFor(fromPath: string, toPath: string, oldModule: string): string {
  const ending = /\.[cm]?[jt]sx?$/.exec(oldModule)?.[0]
  const toEnding = posix.extname(toPath)
  const bare = toPath.slice(0, -toEnding.length)
  const isScript = ending !== undefined && /js/.test(ending)
  const written = ending === undefined ? bare : bare + (isScript ? toEnding.replace(/tsx?$/, 'js').replace('jsx', 'js') : toEnding)
  const relative = posix.relative(posix.dirname(fromPath), written)
  return relative.startsWith('.') ? relative : `./${relative}`
}
