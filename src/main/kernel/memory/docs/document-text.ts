/** A heading with the lines below it up to the next one; lines from 1, inclusive. */
export interface Section {
  /** 0 for what stands before the first heading. */
  readonly level: number
  readonly title: string
  readonly line: number
  readonly endLine: number
  /** Without code in fences. */
  readonly lines: readonly { readonly text: string; readonly line: number }[]
}

export interface Named {
  readonly text: string
  readonly line: number
}

export interface DocumentText {
  /** YAML between lines of `---` at the start; '' when there is none. */
  readonly frontMatter: string
  readonly sections: readonly Section[]
  readonly links: readonly (Named & { readonly href: string })[]
  /** Inline code. */
  readonly codes: readonly Named[]
}

const MAX_LINE = 4_000
const MAX_NAMED = 3_000
const LINK = /\[([^\][\n]{0,300})\]\(\s*<?([^\s()<>]{1,500})>?[^()\n]{0,200}\)/g
const REFERENCE = /^\s{0,3}\[[^\]\n]{1,200}\]:\s*<?(\S{1,500}?)>?(?:\s|$)/
const RST_LINK = /`([^`<\n]{0,200})<([^`>\s]{1,500})>`__?|(?:link|xref):([^\s[]{1,500})\[([^\]\n]{0,200})\]/g
const CODE = /(`{1,2})([^`\n]{1,200})\1(?!`)/g

/**
 * What is needed of Markdown, reStructuredText and AsciiDoc: headings, links, inline code. One pass over lines, linear whatever they hold: a
 * full parser of Markdown took half a second for 64 KB and eleven for 20 KB of `_*`, in a thread that cannot be interrupted.
 */
export function readDocument(text: string): DocumentText {
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => (line.length > MAX_LINE ? line.slice(0, MAX_LINE) : line).trimEnd())
  const { frontMatter, from } = frontMatterOf(lines)
  const sections: Open[] = [{ level: 0, title: '', line: from + 1, endLine: lines.length, lines: [] }]
  const links: (Named & { href: string })[] = []
  const codes: Named[] = []
  let fence = ''
  let isComment = false
  for (let at = from; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const mark = /^\s{0,12}(`{3,}|~{3,}|-{4,}$)/.exec(line)?.[1] ?? ''
    if (fence !== '') {
      if (mark.startsWith(fence)) fence = ''
      continue
    }
    if (/^(?:`|~)/.test(mark) || (mark !== '' && (lines[at - 1] ?? '').startsWith('[source'))) {
      fence = mark
      continue
    }
    if (isComment || line.trimStart().startsWith('<!--')) {
      isComment = !line.includes('-->')
      continue
    }
    const heading = headingAt(lines, at)
    if (heading !== null) {
      sections.push({ ...heading, line: at + 1, endLine: lines.length, lines: [] })
      at += heading.lines - 1
      continue
    }
    sections.at(-1)?.lines.push({ text: line, line: at + 1 })
    if (links.length + codes.length < MAX_NAMED) readInline(line, at + 1, links, codes)
  }
  return {
    frontMatter,
    sections: sections.map((section, index) => ({ ...section, endLine: (sections[index + 1]?.line ?? lines.length + 1) - 1 })),
    links,
    codes,
  }
}

interface Open extends Section {
  readonly lines: { text: string; line: number }[]
}

function readInline(line: string, at: number, links: (Named & { href: string })[], codes: Named[]): void {
  if (line.includes('](')) for (const [, text = '', href = ''] of line.matchAll(LINK)) links.push({ text, href, line: at })
  const reference = line.includes(']:') ? REFERENCE.exec(line)?.[1] : undefined
  if (reference !== undefined) links.push({ text: '', href: reference, line: at })
  if (/`_|(?:link|xref):/.test(line)) {
    for (const [, first, href, other, second] of line.matchAll(RST_LINK))
      links.push({ text: first ?? second ?? '', href: href ?? other ?? '', line: at })
  }
  if (line.includes('`')) for (const [, , text = ''] of line.matchAll(CODE)) codes.push({ text: text.trim(), line: at })
}

function frontMatterOf(lines: readonly string[]): { frontMatter: string; from: number } {
  if (lines[0] !== '---') return { frontMatter: '', from: 0 }
  const end = lines.slice(0, 200).findIndex((line, index) => index > 0 && (line === '---' || line === '...'))
  return end === -1 ? { frontMatter: '', from: 0 } : { frontMatter: lines.slice(1, end).join('\n'), from: end + 1 }
}

function headingAt(lines: readonly string[], at: number): { level: number; title: string; lines: number } | null {
  const line = lines[at] ?? ''
  const marked = /^\s{0,3}(#{1,6}|={1,6})\s+(.*)$/.exec(line)
  if (marked?.[1] !== undefined) return { level: marked[1].length, title: plain((marked[2] ?? '').replace(/\s#+$/, '')), lines: 1 }
  const next = lines[at + 1] ?? ''
  const isUnderline = /^(?:=+|-+|~+|\^+|"+|\*{4,})$/.test(next) && next.length >= 3
  if (
    !isUnderline ||
    line.trim() === '' ||
    /^[-*+>|\s]|^\d+\.|^\[source/.test(line) ||
    ((lines[at - 1] ?? '') !== '' && !/^(?:=+|-+|#+|\*+)$/.test(lines[at - 1] ?? ''))
  )
    return null
  return { level: next.startsWith('=') ? 1 : next.startsWith('-') ? 2 : 3, title: plain(line), lines: 2 }
}

/** Words without marks of Markdown. */
export function plain(text: string): string {
  return text
    .replaceAll(/!?\[([^\][]*)\]\([^()]*\)/g, '$1')
    .replaceAll(/<[^<>]{0,200}>/g, '')
    .replaceAll(/[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}/g, (marks, at: number) =>
      /\w/.test(text[at - 1] ?? '') && /\w/.test(text[at + marks.length] ?? '') ? marks : '',
    )
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** The first lines that say something, joined; badges, images, tables and lists are passed over. */
export function firstParagraph(sections: readonly Section[], maxCharacters: number): string {
  for (const section of sections.slice(0, 6)) {
    const words: string[] = []
    for (const { text } of section.lines) {
      const line = /^\s*(?:\||!\[|\[!\[|<|\.\. |:\w+:|[-*_=]{3,}\s*$|\[\S+\]:)/.test(text) ? '' : plain(text.replace(/^\s*>\s?/, ''))
      if (line !== '') words.push(line)
      else if (words.length > 0) break
    }
    const paragraph = words.join(' ')
    if (paragraph.length > 2) return paragraph.length > maxCharacters ? `${paragraph.slice(0, maxCharacters - 1)}…` : paragraph
  }
  return ''
}

/** Text of a section and of those below it. */
export function sectionText(sections: readonly Section[], title: RegExp, maxCharacters = 400): string {
  const section = sections.find((candidate) => candidate.level > 0 && title.test(candidate.title))
  return section === undefined ? '' : firstParagraph([section], maxCharacters)
}

/** Items of the list in a section, or titles of the sections below it. */
export function sectionItems(sections: readonly Section[], title: RegExp): string[] {
  const at = sections.findIndex((candidate) => candidate.level > 0 && title.test(candidate.title))
  const section = sections[at]
  if (section === undefined) return []
  const items = section.lines.flatMap(({ text }) => /^\s{0,3}(?:[-*+]|\d+[.)])\s+(.+)$/.exec(text)?.[1] ?? [])
  const below: string[] = []
  for (const inner of sections.slice(at + 1)) {
    if (inner.level <= section.level) break
    if (inner.level === section.level + 1) below.push(inner.title)
  }
  return [...(below.length > 0 ? below : items)].map((item) => plain(item).slice(0, 200)).slice(0, 20)
}
