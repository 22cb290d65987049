/**
 * Regular expressions that take time proportional to the length of the text, whatever the pattern: a set of states is followed instead of
 * trying one way after the other (Thompson 1968, as in RE2). Matches whole texts, as `=~` does. Understood: literals, `.`, classes, `\d \w \s`
 * and their opposites, groups, `|`, `* + ? {m,n}` (also lazy, which makes no difference to whole texts), `^` and `$` at the ends, `(?i)` at
 * the start. References back and looking around are not, since they cannot be linear.
 */
export class LinearPattern {
  readonly #states: readonly State[]
  readonly #start: number
  readonly #ignoreCase: boolean

  /** Throws `PatternMistake`. */
  constructor(pattern: string) {
    const flags = /^\(\?([is]+)\)/.exec(pattern)
    this.#ignoreCase = flags?.[1]?.includes('i') === true
    const compiler = new PatternCompiler(pattern, flags?.[0].length ?? 0, this.#ignoreCase)
    this.#start = compiler.compile()
    this.#states = compiler.states
  }

  matches(text: string): boolean {
    let current = this.#closure([this.#start])
    for (const char of this.#ignoreCase ? text.toLowerCase() : text) {
      const code = char.codePointAt(0) ?? 0
      const next: number[] = []
      for (const index of current) {
        const state = this.#states[index]
        if (state?.is === 'char' && state.test(code)) next.push(state.to)
      }
      if (next.length === 0) return false
      current = this.#closure(next)
    }
    return current.some((index) => this.#states[index]?.is === 'end')
  }

  #closure(from: readonly number[]): number[] {
    const seen = new Set(from)
    const open = [...from]
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const state = this.#states[index]
      if (state?.is !== 'split') continue
      for (const to of state.to) {
        if (seen.has(to)) continue
        seen.add(to)
        open.push(to)
      }
    }
    return [...seen]
  }
}

export class PatternMistake extends Error {
  override readonly name = 'PatternMistake'
}

type Test = (code: number) => boolean
type State =
  | { readonly is: 'char'; readonly test: Test; readonly to: number }
  | { readonly is: 'split'; readonly to: readonly number[] }
  | { readonly is: 'end' }
type Part =
  | { readonly is: 'char'; readonly test: Test }
  | { readonly is: 'sequence'; readonly parts: readonly Part[] }
  | { readonly is: 'choice'; readonly parts: readonly Part[] }
  | { readonly is: 'repeat'; readonly part: Part; readonly least: number; readonly most: number | null }

const LONGEST = 500
const MOST_STATES = 5000
const DEEPEST = 50
const MOST_TIMES = 200
const CLASSES: Readonly<Record<string, Test>> = {
  d: (code) => code >= 48 && code <= 57,
  w: (code) => (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95,
  s: (code) => /\s/.test(String.fromCodePoint(code)),
}
const CONTROLS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12 }

class PatternCompiler {
  readonly states: State[] = []
  readonly #pattern: string
  readonly #ignoreCase: boolean
  #at: number
  #depth = 0

  constructor(pattern: string, from: number, ignoreCase: boolean) {
    if (pattern.length > LONGEST) throw new PatternMistake(`it has more than ${LONGEST} characters`)
    this.#pattern = pattern
    this.#at = from
    this.#ignoreCase = ignoreCase
  }

  compile(): number {
    this.#take('^')
    const whole = this.#choice()
    if (this.#at < this.#pattern.length) throw new PatternMistake(`")" at ${this.#at + 1} closes nothing`)
    return this.#emit(whole, this.#add({ is: 'end' }))
  }

  #add(state: State): number {
    if (this.states.length >= MOST_STATES) throw new PatternMistake('it repeats too much')
    this.states.push(state)
    return this.states.length - 1
  }

  #emit(part: Part, to: number): number {
    switch (part.is) {
      case 'char':
        return this.#add({ is: 'char', test: part.test, to })
      case 'sequence':
        return part.parts.reduceRight((next, one) => this.#emit(one, next), to)
      case 'choice':
        return this.#add({ is: 'split', to: part.parts.map((one) => this.#emit(one, to)) })
      case 'repeat':
        return this.#repeat(part.part, part.least, part.most, to)
    }
  }

  #repeat(part: Part, least: number, most: number | null, to: number): number {
    let next = to
    if (most === null) {
      const loop = this.#add({ is: 'split', to: [] })
      const inside = this.#emit(part, loop)
      this.states[loop] = { is: 'split', to: [inside, to] }
      next = loop
    } else for (let count = least; count < most; count += 1) next = this.#add({ is: 'split', to: [this.#emit(part, next), to] })
    for (let count = 0; count < least; count += 1) next = this.#emit(part, next)
    return next
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #choice(): Part {
    this.#depth += 1
    if (this.#depth > DEEPEST) throw new PatternMistake('its groups are nested too deeply')
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    this.#depth -= 1
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { is: 'choice', parts }
  }

  #sequence(): Part {
    const parts: Part[] = []
    while (this.#at < this.#pattern.length && this.#pattern[this.#at] !== '|' && this.#pattern[this.#at] !== ')') {
      if (this.#pattern[this.#at] === '$' && /^\$(?:$|[|)])/.test(this.#pattern.slice(this.#at, this.#at + 2))) {
        this.#at += 1
        continue
      }
      parts.push(this.#repeated(this.#atom()))
    }
    return { is: 'sequence', parts }
  }

  #repeated(part: Part): Part {
    let repeated = part
    for (let times = 0; ; times += 1) {
      const counted = /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(this.#pattern.slice(this.#at, this.#at + 12))
      const range = this.#take('*')
        ? ([0, null] as const)
        : this.#take('+')
          ? ([1, null] as const)
          : this.#take('?')
            ? ([0, 1] as const)
            : null
      if (range === null && counted === null) return repeated
      if (times > 0) throw new PatternMistake('nothing stands before one of its quantifiers')
      const least = range?.[0] ?? Number(counted?.[1])
      const most = range === null ? (counted?.[2] === '' ? least : counted?.[3] === '' ? null : Number(counted?.[3])) : range[1]
      if (range === null) this.#at += counted?.[0].length ?? 0
      if (least > MOST_TIMES || (most !== null && (most > MOST_TIMES || most < least))) throw new PatternMistake('it repeats too much')
      this.#take('?')
      repeated = { is: 'repeat', part, least, most }
    }
  }

  #atom(): Part {
    if (this.#take('(')) {
      if (!this.#take('?:') && this.#pattern[this.#at] === '?')
        throw new PatternMistake('looking around and named groups are not understood')
      const inside = this.#choice()
      if (!this.#take(')')) throw new PatternMistake('a group is not closed')
      return inside
    }
    if (this.#take('[')) return { is: 'char', test: this.#class() }
    if (this.#take('.')) return { is: 'char', test: () => true }
    if (/^[*+?]/.test(this.#pattern.slice(this.#at, this.#at + 1))) throw new PatternMistake('nothing stands before one of its quantifiers')
    const one = this.#character()
    return { is: 'char', test: typeof one === 'number' ? this.#same(one) : one }
  }

  #character(): number | Test {
    const code = this.#pattern.codePointAt(this.#at)
    if (code === undefined) throw new PatternMistake('it ends in the middle')
    const char = String.fromCodePoint(code)
    this.#at += char.length
    if (char !== '\\') return code
    const escaped = this.#pattern[this.#at] ?? ''
    this.#at += 1
    const known = CLASSES[escaped.toLowerCase()]
    if (known !== undefined) return escaped === escaped.toLowerCase() ? known : (of) => !known(of)
    if (CONTROLS[escaped] !== undefined) return CONTROLS[escaped]
    if (escaped === '' || /[\p{L}\p{N}]/u.test(escaped)) throw new PatternMistake(`\\${escaped} is not understood`)
    return escaped.codePointAt(0) ?? 0
  }

  #same(code: number): Test {
    if (!this.#ignoreCase) return (of) => of === code
    const lower = String.fromCodePoint(code).toLowerCase().codePointAt(0)
    return (of) => of === lower
  }

  #class(): Test {
    const isNegated = this.#take('^')
    const tests: Test[] = []
    for (let first = true; first || this.#pattern[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#pattern.length) throw new PatternMistake('a class in brackets is not closed')
      const from = this.#character()
      if (typeof from !== 'number') tests.push(from)
      else if (this.#pattern[this.#at] === '-' && this.#pattern[this.#at + 1] !== ']') {
        this.#at += 1
        const to = this.#character()
        if (typeof to !== 'number' || to < from) throw new PatternMistake('a range in brackets is the wrong way round')
        tests.push((code) => this.#within(code, from, to))
      } else tests.push(this.#same(from))
    }
    this.#at += 1
    return isNegated ? (code) => !tests.some((test) => test(code)) : (code) => tests.some((test) => test(code))
  }

  #within(code: number, from: number, to: number): boolean {
    if (code >= from && code <= to) return true
    const upper = this.#ignoreCase ? (String.fromCodePoint(code).toUpperCase().codePointAt(0) ?? code) : code
    return upper >= from && upper <= to
  }
}
