import { leftOut } from './condense-log'
import { linesOf, type Room, selectLines, want } from './select-lines'

const DECISION = 0
const QUESTION = 1
const ENDS = 2
const NAMES = 3
const OTHER = 5

const DECIDES =
  /\b(?:decid(?:ed?|ing)|decision|agreed?|must|never|always|should(?:n't| not)?|shall|require[sd]?|constraint|instead of|rather than|because|do not|don't|only if|unless|approved?|denied|rejected|chose|chosen|prefer(?:red)?|important|note that|todo|next step|plan is|conclusion)\b/i
const ASKS = /\?\s*$|\b(?:open question|unclear|unknown|to be (?:decided|clarified))\b/i
const NAMED = /`[^`]{1,200}`|\b[\w-]{1,80}\/[\w./-]{1,200}|\b[a-z][a-z0-9]{0,40}[A-Z]\w{0,40}|\b\w{1,40}_\w{1,40}|\b\w{1,60}\(\)/

/**
 * Messages, notes and reasoning without a model: sentences that decide, forbid or require something, open questions, then what names things
 * of the code, the first and the last sentence. A sentence is a line or what ends with a full stop in one.
 */
export function extractConversation(text: string, room: Room) {
  const lines = sentencesOf(text)
  const ranks = new Uint8Array(lines.length).fill(OTHER)
  const seen = new Set<string>()
  for (const [index, line] of lines.entries()) {
    const key = line.trim().toLowerCase()
    if (key === '' || seen.has(key)) continue
    seen.add(key)
    if (DECIDES.test(line)) ranks[index] = DECISION
    else if (ASKS.test(line)) ranks[index] = QUESTION
    else if (NAMED.test(line)) ranks[index] = NAMES
  }
  for (const at of [0, 1, lines.length - 2, lines.length - 1]) want(ranks, at, ENDS)
  const header = `[extract of ${lines.length} sentences: decisions, constraints, questions, names; whole text: ${room.whole}]`
  return selectLines({ lines, ranks, header, remark: (from, to) => leftOut(from, to).replace('line', 'sentence') }, room)
}

function sentencesOf(text: string): string[] {
  return linesOf(text.replace(/([.!?]) +(?=[A-Z"'`(])/g, '$1\n'))
}
