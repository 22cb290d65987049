// House rules that no compiler checks. Needs nothing installed: `node scripts/lint.mjs`.
import { globSync, readFileSync } from 'node:fs'

const RULES = [
  { name: 'no-console', pattern: /\bconsole\.log\(/, why: 'use the logger from src/shared/logger.ts' },
  { name: 'no-default-export', pattern: /^export default\b/, why: 'named exports can be found and renamed' },
  { name: 'no-tabs', pattern: /\t/, why: 'indent with two spaces' },
  { name: 'no-trailing-space', pattern: /[ \t]+$/, why: 'trailing white space' },
  { name: 'import-extension', pattern: /^(?:import|export)\b.*from '\.{1,2}\/(?!.*\.ts')/, why: 'Node needs the .ts extension' },
]

const files = globSync('src/**/*.ts').sort()
if (files.length === 0) {
  console.error('lint: no files found; run it from the root of the repository')
  process.exit(2)
}

let problems = 0
for (const file of files) {
  const lines = readFileSync(file, 'utf8').split('\n')
  lines.forEach((line, index) => {
    for (const rule of RULES) {
      if (!rule.pattern.test(line)) continue
      problems += 1
      console.error(`${file}:${index + 1} ${rule.name}: ${rule.why}`)
    }
  })
}

console.log(`lint: ${files.length} files, ${problems} problem${problems === 1 ? '' : 's'}`)
process.exit(problems === 0 ? 0 : 1)
