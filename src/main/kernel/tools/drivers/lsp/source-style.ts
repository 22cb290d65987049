import type { Asking } from './tool-host'
import { TYPESCRIPT_PREFERENCES } from './server-catalogue'

export interface SourceStyle {
  readonly quotes: 'single' | 'double'
  readonly semicolons: 'insert' | 'remove'
  readonly indentSize: number
  readonly tabs: boolean
  readonly newLine: '\n' | '\r\n'
}

/** How a source file is written, by counting: what a server adds should look the same. */
export function styleOf(text: string): SourceStyle {
  const lines = text.split(/\r?\n/)
  const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length
  const indents = lines.flatMap((line) => /^( +)[^ *]/.exec(line)?.[1]?.length ?? [])
  return {
    quotes: (text.match(/"/g)?.length ?? 0) > (text.match(/'/g)?.length ?? 0) ? 'double' : 'single',
    // Lines that would end in a semicolon if the file used them.
    semicolons: count(/;\s*$/) > count(/^\s*(?:import|export|const|let|return|await|throw)\b.*['"\w)\]}]\s*$/) ? 'insert' : 'remove',
    indentSize: indents.length > 0 ? Math.max(2, Math.min(8, Math.min(...indents))) : 2,
    tabs: count(/^\t/) > indents.length,
    newLine: text.includes('\r\n') ? '\r\n' : '\n',
  }
}

/** Makes the server write like this source whenever it changes something on account of this open file. */
export async function followStyle(asking: Asking, path: string, text: string): Promise<void> {
  const style = styleOf(text)
  await asking.connection.tsserver(
    'configure',
    {
      file: asking.paths.inside(path),
      formatOptions: {
        indentSize: style.indentSize,
        tabSize: style.indentSize,
        convertTabsToSpaces: !style.tabs,
        newLineCharacter: style.newLine,
        semicolons: style.semicolons,
      },
      preferences: { ...TYPESCRIPT_PREFERENCES, allowTextChangesInNewFiles: true, quotePreference: style.quotes },
    },
    asking.request,
  )
}
