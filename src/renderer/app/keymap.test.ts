import { describe, expect, it } from 'vitest'
import { checkKeymap, chordOf, type KeyPress, parseChord, resolveKeymap } from './keymap'

function press(part: Partial<KeyPress>): KeyPress {
  return { key: '', code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...part }
}

describe('chordOf', () => {
  it('names chords as a keymap does', () => {
    expect(chordOf(press({ key: 'P', code: 'KeyP', ctrlKey: true, shiftKey: true }))).toBe('Ctrl+Shift+P')
    expect(chordOf(press({ key: 'p', code: 'KeyP', metaKey: true }))).toBe('Ctrl+P')
    expect(chordOf(press({ key: 'F10', code: 'F10' }))).toBe('F10')
    expect(chordOf(press({ key: ' ', code: 'Space' }))).toBe('Space')
    expect(chordOf(press({ key: 'ArrowLeft', code: 'ArrowLeft', altKey: true }))).toBe('Alt+ArrowLeft')
  })

  it('reads digits and the back quote by their place on the keyboard', () => {
    expect(chordOf(press({ key: '!', code: 'Digit1', ctrlKey: true }))).toBe('Ctrl+1')
    expect(chordOf(press({ key: 'Dead', code: 'Backquote', ctrlKey: true }))).toBeNull()
    expect(chordOf(press({ key: '`', code: 'Backquote', ctrlKey: true }))).toBe('Ctrl+`')
  })

  it('leaves Shift out where it only made the character', () => {
    expect(chordOf(press({ key: '+', code: 'Equal', shiftKey: true }))).toBe('Shift+Plus')
    expect(chordOf(press({ key: '?', code: 'Slash', shiftKey: true }))).toBe('?')
  })

  it('is nothing while only modifiers are held', () => {
    expect(chordOf(press({ key: 'Control', code: 'ControlLeft', ctrlKey: true }))).toBeNull()
  })
})

describe('parseChord', () => {
  it('brings what people write to one form', () => {
    expect(parseChord('ctrl+shift+p')).toBe('Ctrl+Shift+P')
    expect(parseChord('Cmd+k')).toBe('Ctrl+K')
    expect(parseChord('shift+f5')).toBe('Shift+F5')
    expect(parseChord('Esc')).toBe('Escape')
  })

  it('refuses what names no key', () => {
    expect(() => parseChord('Ctrl+')).toThrow(RangeError)
    expect(() => parseChord('Hyper+K')).toThrow('"hyper" is no modifier; there are Ctrl, Alt and Shift')
  })
})

describe('resolveKeymap', () => {
  const commands = [{ id: 'run.step', key: 'F10' }, { id: 'run.pause', key: 'F7' }, { id: 'theme.dark' }]

  it('gives the keys of the commands', () => {
    expect(resolveKeymap(commands, {})).toEqual(
      new Map([
        ['F10', 'run.step'],
        ['F7', 'run.pause'],
      ]),
    )
  })

  it('lets a person move a key, take one away and override another command', () => {
    expect(resolveKeymap(commands, { 'run.step': null, 'theme.dark': 'F7' })).toEqual(new Map([['F7', 'theme.dark']]))
  })
})

describe('checkKeymap', () => {
  it('accepts ids with keys or null', () => {
    expect(checkKeymap('{ "run.step": "Ctrl+Enter", "run.pause": null }')).toEqual({
      overrides: { 'run.step': 'Ctrl+Enter', 'run.pause': null },
      problems: [],
    })
  })

  it('says what is wrong', () => {
    expect(checkKeymap('{').overrides).toBeNull()
    expect(checkKeymap('{ "run.step": "Hyper+K" }').problems).toEqual(['run.step: "hyper" is no modifier; there are Ctrl, Alt and Shift'])
    expect(checkKeymap('{ "Step": "K" }').problems).toHaveLength(1)
    expect(checkKeymap('{ "run.step": 5 }').problems).toHaveLength(1)
  })
})
