/** Numbers from 0 to 1 that are the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const WORDS =
  'account balance branch budget cache checkpoint client commit context cursor driver effect engine event file fold frame gateway handle index intent invoice journal kernel ledger limit merge model module number outcome parser path payload plan policy query queue range reducer replay result router run sandbox schema scope server session shell span state store symbol table task tier token tool trace tree value version window worker'.split(
    ' ',
  )

/** Text with about the redundancy of program output, `bytes` long. */
export function someText(random: () => number, bytes: number): string {
  let text = ''
  while (text.length < bytes) {
    const word = WORDS[Math.floor(random() * WORDS.length)] ?? ''
    text += random() < 0.12 ? `${word}${Math.floor(random() * 10_000)}\n` : `${word} `
  }
  return text.slice(0, bytes)
}
