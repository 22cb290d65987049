import type { ITheme } from '@xterm/xterm'

const ANSI = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const

export interface TerminalLook {
  readonly theme: ITheme
  readonly fontFamily: string
  readonly fontSize: number
  readonly minimumContrastRatio: number
}

/** Colours and font as the tokens say at this place of the document; the canvas takes no CSS variables. */
export function readLook(element: HTMLElement, past: boolean): TerminalLook {
  const style = getComputedStyle(element)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  const background = past ? token('--terminal-past') : token('--surface')
  const theme: Record<string, string> = {
    background,
    foreground: token('--text'),
    cursor: token('--accent-text'),
    cursorAccent: background,
    selectionBackground: token('--surface-selected'),
    selectionInactiveBackground: token('--surface-selected'),
    scrollbarSliderBackground: token('--terminal-slider'),
    scrollbarSliderHoverBackground: token('--hairline-strong'),
    scrollbarSliderActiveBackground: token('--text-faint'),
    overviewRulerBorder: token('--hairline'),
  }
  for (const name of ANSI) {
    theme[name] = token(`--ansi-${name}`)
    theme[`bright${name.charAt(0).toUpperCase()}${name.slice(1)}`] = token(`--ansi-bright-${name}`)
  }
  const contrast = document.documentElement.dataset['theme']?.startsWith('contrast') === true
  return {
    theme,
    fontFamily: token('--font-mono'),
    fontSize: Number.parseInt(token('--size-12'), 10) || 12,
    minimumContrastRatio: contrast ? 7 : 4.5,
  }
}
