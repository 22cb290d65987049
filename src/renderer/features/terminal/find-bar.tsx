import type { ISearchOptions, SearchAddon } from '@xterm/addon-search'
import { CaseSensitive, ChevronDown, ChevronUp, Regex, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useEffectEvent, useState } from 'react'
import { IconButton } from '../../components/icon-button'

interface Props {
  readonly search: SearchAddon
  readonly onClose: () => void
}

export function FindBar({ search, onClose }: Props) {
  const [text, setText] = useState('')
  const [caseSensitive, setCaseSensitive] = useState(false)
  const [regex, setRegex] = useState(false)
  const [found, setFound] = useState<{ index: number; count: number } | null>(null)
  const broken = regex && !isRegex(text)

  useEffect(() => {
    const watching = search.onDidChangeResults(({ resultIndex, resultCount }) => setFound({ index: resultIndex, count: resultCount }))
    return () => {
      watching.dispose()
      search.clearDecorations()
    }
  }, [search])

  function options(incremental: boolean): ISearchOptions {
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string): string => style.getPropertyValue(name).trim()
    return {
      caseSensitive,
      regex,
      incremental,
      decorations: {
        matchBackground: colour('--surface-selected'),
        matchOverviewRuler: colour('--accent'),
        activeMatchBackground: colour('--accent'),
        activeMatchColorOverviewRuler: colour('--warning'),
      },
    }
  }

  const findNow = useEffectEvent(() => {
    if (text === '' || broken) {
      search.clearDecorations()
      setFound(null)
    } else search.findPrevious(text, options(true))
  })
  useEffect(() => findNow(), [text, caseSensitive, regex, broken])

  function go(by: 1 | -1): void {
    if (text === '' || broken) return
    if (by === 1) search.findNext(text, options(false))
    else search.findPrevious(text, options(false))
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      onClose()
    }
    if (event.key === 'Enter') {
      event.preventDefault()
      go(event.shiftKey ? 1 : -1)
    }
  }

  return (
    <search className="popup terminal-find" onKeyDown={onKeyDown}>
      <input
        className="field"
        aria-label="Find in the terminal"
        placeholder="Find"
        value={text}
        autoFocus
        aria-invalid={broken}
        onChange={(event) => setText(event.target.value)}
      />
      <span className="number faint terminal-found" role="status">
        {broken ? 'no pattern' : found === null ? '' : found.count === 0 ? 'nothing' : `${found.index + 1} of ${found.count}`}
      </span>
      <IconButton icon={CaseSensitive} label="Match case" pressed={caseSensitive} onClick={() => setCaseSensitive((on) => !on)} />
      <IconButton icon={Regex} label="Regular expression" pressed={regex} onClick={() => setRegex((on) => !on)} />
      <IconButton icon={ChevronUp} label="Earlier match" shortcut="Enter" onClick={() => go(-1)} />
      <IconButton icon={ChevronDown} label="Later match" shortcut="Shift+Enter" onClick={() => go(1)} />
      <IconButton icon={X} label="Close" shortcut="Escape" onClick={onClose} />
    </search>
  )
}

function isRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return false
    throw thrown
  }
}
