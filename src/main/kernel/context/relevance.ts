/** Words of instructions that say nothing about the code. */
const COMMON = new Set(
  'the and for with from that this into all any each also its are was will not but use using make made please should would could can may must when where which what who how why than then them they have has had get set let new old one two our your file files code function method class add remove change update fix rename move create delete implement write read'.split(
    ' ',
  ),
)
const MOST_WORDS = 24
/** What a text is about is said at its beginning: the rest is not looked at. */
const CHARS_LOOKED_AT = 16_000

/** The words that a task is about, lower case: identifiers whole and in their parts. */
export function wordsOfTask(task: string): readonly string[] {
  const known = taskWords.get(task)
  if (known !== undefined) return known
  const words = new Set<string>()
  for (const [word] of task.slice(0, CHARS_LOOKED_AT).matchAll(/[\p{L}\p{N}_$]{3,80}/gu)) {
    for (const part of [word, ...word.split(/_|(?<=[\p{Ll}\p{N}])(?=\p{Lu})/u)]) {
      const lower = part.toLowerCase()
      if (lower.length >= 3 && !COMMON.has(lower) && words.size < MOST_WORDS) words.add(lower)
    }
  }
  const list = [...words]
  if (taskWords.size >= KEPT_TASKS) taskWords.clear()
  taskWords.set(task, list)
  return list
}

/** Share of the words that a text with its title speaks of, in hundredths: 0 to 1. */
export function relevanceTo(words: readonly string[], title: string, text: string): number {
  if (words.length === 0) return 0
  const looked = `${title}\n${text.length > CHARS_LOOKED_AT ? text.slice(0, CHARS_LOOKED_AT) : text}`.toLowerCase()
  let found = 0
  for (const word of words) if (looked.includes(word)) found += 1
  return Math.round((found * 100) / words.length) / 100
}

/** Few tasks are at work at once, and each is asked about with every event. */
const KEPT_TASKS = 32
const taskWords = new Map<string, readonly string[]>()
