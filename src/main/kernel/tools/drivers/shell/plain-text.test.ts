import { describe, expect, it } from 'vitest'
import { showControls, toPlainText } from './plain-text'

describe('toPlainText', () => {
  it.each([
    ['plain\r\nlines\r\n', 'plain\nlines\n'],
    ['\x1b[1;31mred\x1b[0m \x1b]0;title\x07text\x1b[?2004h', 'red text'],
    ['\x1b]8;;http://a.b/\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['10%\r50%\rdone\r\n', 'done\n'],
    ['abc\b\bX\r\n', 'aXc\n'],
    ['one\r\ntwo\r\n\x1b[2A\x1b[2Kchanged\r\n\r\n', 'changed\ntwo\n'],
    ['\x1b[?1049hfull screen\x1b[?1049lback\r\n', 'back\n'],
    ['tab\there é🙂\r\n', 'tab\there é🙂\n'],
    ['', ''],
  ])('%j', async (output, expected) => {
    expect(await toPlainText(output, 80)).toBe(expected)
  })

  it('shows the end of a very long progress line', async () => {
    expect(await toPlainText('progress 10%\r'.repeat(20_000), 80)).toBe('progress 10%\n')
  })

  it('joins lines that the terminal wrapped', async () => {
    const long = 'word '.repeat(50).trim()
    expect(await toPlainText(`x\r${long}\r\n`, 20)).toBe(`${long}\n`)
  })

  it('is the same for long output, drawn or not', async () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index}`)
    const expected = `${lines.join('\n')}\n`
    expect(await toPlainText(`${lines.join('\r\n')}\r\n`, 80)).toBe(expected)
    expect(await toPlainText(`${lines.map((line) => `gone\r${line}`).join('\r\n')}\r\n`, 80)).toBe(expected)
  })
})

it('shows control characters of commands', () => {
  expect(showControls('a\x1b[2J\x7f\tb\n')).toBe('a^[[2J^?\tb\n')
})
