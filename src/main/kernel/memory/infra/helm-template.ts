const ACTION = /\{\{-?\s*(?:\/\*[\s\S]*?\*\/|[\s\S]*?)\s*-?\}\}/g

/**
 * YAML from a Helm template, line for line: lines that only steer are blank, and an expression becomes a word that says where its value comes
 * from (`{{ .Values.image.tag | quote }}` is `$image.tag`), so that equal names stay equal. Both branches of an `if` are there.
 */
export function withoutTemplates(text: string): string {
  if (!text.includes('{{')) return text
  const words = text.replace(ACTION, (action) => {
    const breaks = '\n'.repeat(action.split('\n').length - 1)
    return `\ue000${wordFor(action)}\ue000${breaks}`
  })
  return words
    .split('\n')
    .map((line) => (/^\s*(?:-\s*)?(?:\ue000[^\ue000]*\ue000\s*)+$/.test(line) && !/^\s*-/.test(line) ? '' : line.replaceAll('\ue000', '')))
    .join('\n')
}

function wordFor(action: string): string {
  const inside = action.replace(/^\{\{-?\s*/, '').replace(/\s*-?\}\}$/, '')
  if (/^(?:if|else|end|range|with|define|block|template|\/\*|\$\w+\s*:?=)/.test(inside)) return ''
  const template = /(?:include|template|tpl)\s+"([\w./-]+)"/.exec(inside)?.[1]
  if (template !== undefined) return `$${template}`
  const value = /\$?\.([A-Z]\w*(?:\.\w+)*)/.exec(inside)?.[1] ?? /\$?\.(\w+(?:\.\w+)*)/.exec(inside)?.[1]
  return value === undefined ? '' : `$${value.replace(/^Values\./, '')}`
}
