// Runs inside the sandbox. Which paths somebody means who types part of a name; pure.

/** {path, score} of the paths that have the query's letters in their order, best first, equal ones by path. Blanks divide parts that must all fit. */
export function rankNames(paths, query) {
  const parts = query
    .toLowerCase()
    .split(/\s+/)
    .filter((part) => part !== '')
  const ranked = []
  for (const path of paths) {
    const scores = parts.map((part) => scoreOf(path, part))
    if (scores.every((score) => score > 0))
      ranked.push({ path, score: Math.round(scores.reduce((sum, score) => sum + score, 0) / scores.length) })
  }
  return ranked.sort((a, b) => b.score - a.score || a.path.length - b.path.length || (a.path < b.path ? -1 : 1))
}

/** 0: does not fit. Exact name, start of the name, in the name, in the path, then scattered letters, those at starts of words first. */
function scoreOf(path, part) {
  const lower = path.toLowerCase()
  const name = lower.slice(lower.lastIndexOf('/') + 1)
  if (lower === part || name === part) return 1000
  if (name.replace(/\.[^.]*$/, '') === part) return 950
  if (name.startsWith(part)) return 900
  if (name.includes(part)) return 800
  if (lower.includes(part)) return 700
  const inName = scattered(path.slice(path.lastIndexOf('/') + 1), part)
  return inName > 0 ? 300 + inName : scattered(path, part)
}

/** 1 to 300 for letters that follow each other with gaps: starts of words and runs count more. */
function scattered(text, part) {
  const lower = text.toLowerCase()
  let [at, score, last] = [0, 0, -2]
  for (const letter of part) {
    const found = lower.indexOf(letter, at)
    if (found === -1) return 0
    const starts = found === 0 || /[/_.\-\s]/.test(text[found - 1]) || (/[a-z0-9]/.test(text[found - 1]) && /[A-Z]/.test(text[found]))
    score += found === last + 1 ? 3 : starts ? 2 : 1
    last = found
    at = found + 1
  }
  return Math.max(1, Math.round((score / (part.length * 3)) * 300))
}
