import { editor } from 'monaco-editor'

const NAME = 'keyframe'

/** The editor takes its colours from the window's tokens, again whenever the theme changes. Returns the function that stops it. */
export function followTheme(): () => void {
  const apply = (): void => {
    editor.defineTheme(NAME, readTheme())
    editor.setTheme(NAME)
  }
  apply()
  window.addEventListener('themechange', apply)
  return () => window.removeEventListener('themechange', apply)
}

function readTheme(): editor.IStandaloneThemeData {
  const root = document.documentElement
  const style = getComputedStyle(root)
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const token = (name: string): string => toHex(probe, style.getPropertyValue(`--${name}`).trim())
  const theme = root.dataset['theme'] ?? 'dark'
  const contrast = theme.startsWith('contrast')
  const dark = theme.endsWith('dark')
  const rule = (names: string, colour: string, fontStyle?: string): editor.ITokenThemeRule[] =>
    names
      .split(' ')
      .map((name) => ({ token: name, foreground: token(colour).slice(1, 7), ...(fontStyle === undefined ? {} : { fontStyle }) }))
  return {
    base: contrast ? (dark ? 'hc-black' : 'hc-light') : dark ? 'vs-dark' : 'vs',
    inherit: false,
    rules: [
      ...rule('', 'text'),
      ...rule('comment', 'text-faint', 'italic'),
      ...rule('keyword keyword.json tag metatag', 'frame-tool'),
      ...rule('string string.yaml string.sql attribute.value', 'frame-context'),
      ...rule('number constant regexp string.escape enumMember', 'frame-change'),
      ...rule('type class interface enum struct typeParameter namespace type.identifier type.yaml type.json predefined.sql', 'frame-human'),
      ...rule('function method macro', 'accent-text'),
      ...rule('variable parameter property identifier attribute.name', 'text'),
      ...rule('delimiter operator', 'text-muted'),
      ...rule('annotation decorator', 'frame-human'),
      ...rule('invalid string.invalid', 'danger'),
      ...rule('strong', 'text', 'bold'),
      ...rule('emphasis', 'text', 'italic'),
    ],
    colors: {
      foreground: token('text'),
      focusBorder: token('focus'),
      descriptionForeground: token('text-muted'),
      errorForeground: token('danger'),
      'widget.shadow': '#00000040',
      'widget.border': token('hairline-strong'),
      'editor.background': token('surface'),
      'editor.foreground': token('text'),
      'editorLineNumber.foreground': token('text-faint'),
      'editorLineNumber.activeForeground': token('text'),
      'editorCursor.foreground': token('accent'),
      'editor.lineHighlightBackground': token('surface-raised'),
      'editor.lineHighlightBorder': contrast ? token('hairline') : '#00000000',
      'editor.selectionBackground': token('surface-selected'),
      'editor.inactiveSelectionBackground': token('surface-hover'),
      'editor.wordHighlightBackground': token('surface-hover'),
      'editor.wordHighlightStrongBackground': token('surface-selected'),
      'editor.findMatchBackground': fade(token('warning'), 0.45),
      'editor.findMatchHighlightBackground': fade(token('warning'), 0.22),
      'editor.rangeHighlightBackground': fade(token('accent'), 0.14),
      'editorLink.activeForeground': token('accent-text'),
      'editorWhitespace.foreground': token('hairline-strong'),
      'editorIndentGuide.background1': token('hairline'),
      'editorIndentGuide.activeBackground1': token('hairline-strong'),
      'editorBracketMatch.background': '#00000000',
      'editorBracketMatch.border': token('hairline-strong'),
      'editorBracketHighlight.foreground1': token('text-muted'),
      'editorBracketHighlight.foreground2': token('text-muted'),
      'editorBracketHighlight.foreground3': token('text-muted'),
      'editorOverviewRuler.border': '#00000000',
      'editorGutter.background': token('surface'),
      'editorError.foreground': token('danger'),
      'editorWarning.foreground': token('warning'),
      'editorInfo.foreground': token('info'),
      'editorHint.foreground': token('text-muted'),
      'editorWidget.background': token('surface-raised'),
      'editorWidget.foreground': token('text'),
      'editorWidget.border': token('hairline-strong'),
      'editorHoverWidget.background': token('surface-raised'),
      'editorHoverWidget.foreground': token('text'),
      'editorHoverWidget.border': token('hairline-strong'),
      'editorHoverWidget.statusBarBackground': token('surface-hover'),
      'editorStickyScroll.background': token('surface'),
      'editorStickyScrollHover.background': token('surface-hover'),
      'editorStickyScroll.border': token('hairline'),
      'editorStickyScroll.shadow': '#00000000',
      'textLink.foreground': token('accent-text'),
      'textCodeBlock.background': token('surface-hover'),
      'input.background': token('surface'),
      'input.foreground': token('text'),
      'input.border': token('hairline-strong'),
      'inputOption.activeBackground': token('surface-selected'),
      'inputOption.activeForeground': token('text'),
      'inputOption.activeBorder': token('accent'),
      'list.activeSelectionBackground': token('surface-selected'),
      'list.activeSelectionForeground': token('text'),
      'list.inactiveSelectionBackground': token('surface-selected'),
      'list.focusBackground': token('surface-selected'),
      'list.focusForeground': token('text'),
      'list.hoverBackground': token('surface-hover'),
      'list.highlightForeground': token('accent-text'),
      'menu.background': token('surface-raised'),
      'menu.foreground': token('text'),
      'menu.selectionBackground': token('surface-selected'),
      'menu.selectionForeground': token('text'),
      'menu.separatorBackground': token('hairline'),
      'menu.border': token('hairline-strong'),
      'pickerGroup.foreground': token('text-muted'),
      'pickerGroup.border': token('hairline'),
      'quickInput.background': token('surface-raised'),
      'quickInput.foreground': token('text'),
      'quickInputList.focusBackground': token('surface-selected'),
      'quickInputList.focusForeground': token('text'),
      'inputValidation.infoBackground': token('surface-raised'),
      'inputValidation.infoForeground': token('text'),
      'inputValidation.infoBorder': token('hairline-strong'),
      'badge.background': token('surface-hover'),
      'badge.foreground': token('text'),
      'peekView.border': token('accent'),
      'peekViewEditor.background': token('surface-raised'),
      'peekViewEditorGutter.background': token('surface-raised'),
      'peekViewEditor.matchHighlightBackground': fade(token('warning'), 0.35),
      'peekViewResult.background': token('surface-raised'),
      'peekViewResult.fileForeground': token('text'),
      'peekViewResult.lineForeground': token('text-muted'),
      'peekViewResult.matchHighlightBackground': fade(token('warning'), 0.35),
      'peekViewResult.selectionBackground': token('surface-selected'),
      'peekViewResult.selectionForeground': token('text'),
      'peekViewTitle.background': token('surface-raised'),
      'peekViewTitleLabel.foreground': token('text'),
      'peekViewTitleDescription.foreground': token('text-muted'),
      'scrollbar.shadow': '#00000000',
      'scrollbarSlider.background': fade(token('text-faint'), 0.35),
      'scrollbarSlider.hoverBackground': fade(token('text-faint'), 0.55),
      'scrollbarSlider.activeBackground': fade(token('text-faint'), 0.7),
      'minimap.background': token('surface'),
      'diffEditor.insertedTextBackground': token('diff-add'),
      'diffEditor.removedTextBackground': token('diff-remove'),
      'diffEditor.insertedLineBackground': token('diff-add'),
      'diffEditor.removedLineBackground': token('diff-remove'),
      'diffEditor.border': token('hairline'),
      'diffEditor.diagonalFill': token('hairline'),
      'diffEditor.unchangedRegionBackground': token('surface-raised'),
      'diffEditor.unchangedRegionForeground': token('text-muted'),
      'diffEditor.unchangedCodeBackground': '#00000000',
      'diffEditorOverview.insertedForeground': fade(token('success'), 0.7),
      'diffEditorOverview.removedForeground': fade(token('danger'), 0.7),
    },
  }
}

/** Any CSS colour as #rrggbbaa, which is all that the editor reads. */
function toHex(probe: CanvasRenderingContext2D | null, colour: string): string {
  if (probe === null || colour === '') return '#808080ff'
  probe.clearRect(0, 0, 1, 1)
  probe.fillStyle = colour
  probe.fillRect(0, 0, 1, 1)
  return `#${[...probe.getImageData(0, 0, 1, 1).data].map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

function fade(hex: string, share: number): string {
  const alpha = Math.round(share * 255)
  return `${hex.slice(0, 7)}${alpha.toString(16).padStart(2, '0')}`
}
