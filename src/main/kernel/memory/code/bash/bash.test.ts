import { describe, expect, it } from 'vitest'
import { linkedCode } from '../../../testing/linked-code'

const scripts = {
  'scripts/lib.sh': '# Says something.\nsay() { echo "$1"; }\nROOT=/srv\n',
  'scripts/deploy': `#!/usr/bin/env bash
set -e
. "$(dirname "$0")/lib.sh"
export STAGE=test
TOKEN=sk-123456

# Builds and
# pushes.
deploy() {
  local PORT=1
  say "to \${TARGET:-x} on $PORT from $ROOT"
  ./build.sh --fast
  bash "$ROOT/tools/check.sh"
  python3 tools/gen.py
}
if [ -n "$CI" ]; then
  late() { deploy | cat; }
fi
trap late EXIT
late
`,
  'scripts/build.sh': 'function build {\n  echo built\n}\nbuild\n',
  'tools/check.sh': 'echo ok\n',
  'tools/gen.py': 'print(1)\n',
}

describe('Bash', () => {
  it('finds calls of functions and scripts', async () => {
    const code = await linkedCode(scripts)
    expect(code.of('calls')).toEqual([
      'scripts/build.sh -> scripts/build.sh#build',
      'scripts/deploy -> scripts/deploy#late',
      'scripts/deploy#deploy -> scripts/build.sh',
      'scripts/deploy#deploy -> scripts/lib.sh#say',
      'scripts/deploy#deploy -> tools/check.sh',
      'scripts/deploy#deploy -> tools/gen.py',
      'scripts/deploy#late -> scripts/deploy#deploy',
    ])
    expect(code.of('imports')).toContain('scripts/deploy -> scripts/lib.sh')
  })

  it('says what it takes from the environment, and no value', async () => {
    const code = await linkedCode(scripts)
    expect(code.of('reads')).toEqual([
      'scripts/deploy -> env_var:CI',
      // What the other script sets may come from outside as well.
      'scripts/deploy#deploy -> env_var:ROOT',
      'scripts/deploy#deploy -> env_var:TARGET',
      'scripts/deploy#deploy -> scripts/lib.sh#ROOT',
    ])
    expect(code.of('writes')).toEqual([
      'scripts/deploy -> env_var:STAGE',
      'scripts/deploy -> scripts/deploy#STAGE',
      'scripts/deploy -> scripts/deploy#TOKEN',
      'scripts/lib.sh -> scripts/lib.sh#ROOT',
    ])
    expect(JSON.stringify(code.facts('scripts/deploy'))).not.toContain('sk-123456')
  })

  it('says what symbols are', async () => {
    const code = await linkedCode(scripts)
    expect(code.facts('scripts/deploy').symbols.map(({ key, kind, doc, startLine }) => [kind, key, doc, startLine])).toEqual([
      ['variable', 'STAGE', '', 4],
      ['variable', 'TOKEN', '', 5],
      ['function', 'deploy', 'Builds and', 9],
      ['function', 'late', '', 17],
    ])
  })

  it('reads what it can of a file with syntax errors', async () => {
    const code = await linkedCode({ 'a.sh': 'ok() { echo; }\nif [ x; then\n' })
    expect(code.facts('a.sh').errorLine).toBeGreaterThan(0)
    expect(code.facts('a.sh').symbols.map((symbol) => symbol.key)).toContain('ok')
  })
})
