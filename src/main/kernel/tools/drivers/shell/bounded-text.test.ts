import { expect, it } from 'vitest'
import { BoundedText } from './bounded-text'

it('keeps everything up to its size', () => {
  const text = new BoundedText(10)
  for (const part of ['abc', 'def', 'ghij']) text.push(part)
  expect([text.part().text, text.truncated]).toEqual(['abcdefghij', false])
})

it('keeps both ends beyond it and says how much is gone', () => {
  const text = new BoundedText(10)
  for (let round = 0; round < 100; round += 1) text.push(String(round % 10))
  expect([text.part().text, text.truncated]).toEqual(['01234\r\n[... 90 characters left out ...]\r\n56789', true])
})

it('cuts at ends of lines', () => {
  const text = new BoundedText(20)
  text.push('one\ntwo\nthree\nfour\nfive\nsix\nseven\n')
  expect(text.part().text).toBe('one\ntwo\n\r\n[... 20 characters left out ...]\r\nseven\n')
})

it('gives parts by their place in everything that was pushed', () => {
  const text = new BoundedText(10)
  for (let round = 0; round < 100; round += 1) text.push(String(round % 10))
  expect(text.length).toBe(100)
  expect([text.part(1, 4), text.part(97), text.part(100), text.part(3, 50)]).toEqual([
    { text: '123', leftOut: 0 },
    { text: '789', leftOut: 0 },
    { text: '', leftOut: 0 },
    { text: '34\r\n[... 45 characters left out ...]\r\n', leftOut: 45 },
  ])
})
