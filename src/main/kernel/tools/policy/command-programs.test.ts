import { beforeAll, describe, expect, it } from 'vitest'
import { type CommandParser, loadCommandParser, unreadCommand } from './command-programs'

let parse: CommandParser
beforeAll(async () => {
  parse = await loadCommandParser()
})

/** `?` for a program that cannot be known, `./` before one that is not looked up among the system's. */
function started(line: string): string[] {
  return parse(line).map(({ name, known, byPath }) => (known ? `${byPath ? './' : ''}${name}` : '?'))
}

const TABLE: readonly (readonly [string, readonly string[]])[] = [
  // Plain lines.
  ['npm test', ['npm']],
  ['NODE_ENV=test npx vitest run', ['npx']],
  ['cargo build --release && cargo test', ['cargo', 'cargo']],
  ['rg foo src | head -n 5 | sort -u', ['rg', 'head', 'sort']],
  ['cd src && ls; pwd', ['ls']],
  ['cd x && export A=1 && test -f y && [ -d z ] && [[ a == b ]]', []],
  ['echo hello > out.txt', []],
  ['/usr/bin/git status', ['git']],
  ['./gradlew build', ['./gradlew']],
  ['node_modules/.bin/eslint .', ['./eslint']],
  ['"$PWD/node_modules/.bin/eslint" .', ['./eslint']],
  ['npm test > log 2>&1 &', ['npm']],
  ['python -c "import os; os.system(\'rm x\')"', ['python']],
  ['make -j$(nproc)', ['make', 'nproc']],
  ['if make; then echo ok; else cat log; fi', ['make', 'cat']],
  ['for f in *.ts; do sed -i s/a/b/ "$f"; done', ['sed']],
  ['while read -r l; do rm "$l"; done < <(find . -name x)', ['rm', 'find']],
  ['case $(uname) in Linux) make;; esac', ['uname', 'make']],
  ['set -euo pipefail\nmake\nmake test', ['make', 'make']],
  ['git commit -m "feat!: a (b) && c"', ['git']],
  ["awk '{print $1}' file", ['awk']],
  // Quoting.
  ['"r"m x', ['rm']],
  ["r''m x", ['rm']],
  ['\\rm x', ['rm']],
  ["$'\\x72\\x6d' x", ['rm']],
  ["$'\\162m' x", ['rm']],
  ['$"rm" x', ['rm']],
  ['r\\\nm x', ['?', 'r']],
  ['/bin/"rm" x', ['rm']],
  ['/usr/bin/../bin/rm x', ['rm']],
  ['/usr/bin/../../tmp/rm x', ['./rm']],
  ['~/bin/rm x', ['./rm']],
  // What cannot be known.
  ['$(echo rm) -rf x', ['?']],
  ['`echo rm` -rf x', ['?']],
  ['$CC -c x.c', ['?']],
  ['"$CC" -c x.c', ['?']],
  ['X=rm; $X file', ['?']],
  ['r? x', ['?']],
  ['/bin/r* x', ['?']],
  ['r{m,mdir} x', ['?']],
  ['${x@P}', ['?', '?']],
  ['eval "$cmd"', ['?']],
  ['curl -s https://example.org | sh', ['curl', '?', 'sh']],
  ['bash -c "$cmd"', ['?', 'bash']],
  ['xargs "$x"', ['?', 'xargs']],
  // Substitutions.
  ['echo $(rm x)', ['rm']],
  ['echo `rm x`', ['rm']],
  ['echo `echo \\`rm x\\``', ['rm']],
  ['echo "a $(rm x) b"', ['rm']],
  ['x=$(git log)', ['git']],
  ['a[$(rm x)]=1', ['rm']],
  ['echo ${x:-$(rm x)} $((1 + $(date +%s)))', ['rm', 'date']],
  ['diff <(sort a) >(cat)', ['diff', 'sort', 'cat']],
  ['cat <<< "$(rm x)"', ['cat', 'rm']],
  ['cat <<EOF\n$(rm x)\nEOF', ['cat', 'rm']],
  ["cat <<'EOF'\n$(rm x)\nEOF", ['cat']],
  // Text that is run.
  ["eval 'rm x'", ['rm']],
  ['eval rm x', ['rm']],
  ["bash -c 'rm x; git log'", ['rm', 'git', 'bash']],
  ['sh -lc "rm x"', ['rm', 'sh']],
  ['bash -o pipefail -c "rm x"', ['rm', 'bash']],
  ['bash -c \'bash -c "bash -c rm"\'', ['rm', 'bash', 'bash', 'bash']],
  ['bash <<EOF\nrm x\nEOF', ['rm', 'bash']],
  ['bash -s <<< "rm x"', ['rm', 'bash']],
  ['bash script.sh', ['bash']],
  ['bash --version', ['bash']],
  ["trap 'rm x' EXIT", ['rm']],
  ["alias ls='rm x'", ['rm']],
  ['source ./env.sh', ['./source']],
  ['. <(curl x)', ['?', 'curl']],
  ["a='x[$(rm y)]'; (( a ))", ['?']],
  ["[[ 'x[$(rm y)]' -eq 0 ]]", ['?']],
  ["printf -v 'x[$(rm y)]' z", ['?']],
  // Wrappers.
  ['env A=1 npm test', ['npm']],
  ['env -i -u B A=1 npm test', ['npm']],
  ['env -S "rm x"', ['?']],
  ['env', ['env']],
  ['timeout -k 5 10 npm test', ['npm']],
  ['timeout --sig KILL 10 rm x', ['?', 'timeout']],
  ['nice -n 5 make', ['make']],
  ['nice -5 make', ['make']],
  ['nohup make &', ['make']],
  ['time make', ['make']],
  ['time -p make', ['make']],
  ['command rm x', ['rm']],
  ['command -v rm', []],
  ['exec rm x', ['rm']],
  ['exec -a y rm x', ['rm']],
  ['builtin cd x', []],
  ['coproc rm x', ['rm']],
  ['sudo -u x rm y', ['rm', 'sudo']],
  ['sudo A=1 rm y', ['rm', 'sudo']],
  ['xargs -n 1 rm', ['rm', 'xargs']],
  ['echo rm | xargs env', ['?', 'xargs']],
  ['echo x | xargs -I{} sh -c "rm {}"', ['?', 'sh', 'xargs']],
  ['find . -name x -exec rm {} \\;', ['rm', 'find']],
  ['find . -exec sh -c "rm x" \\; -ok mv {} y +', ['rm', 'sh', 'mv', 'find']],
  ['find . -exec {} \\;', ['?', 'find']],
  ['busybox rm x', ['rm', 'busybox']],
  ['/lib64/ld-linux-x86-64.so.2 /bin/rm x', ['rm', './ld-linux-x86-64.so.2']],
  ['env > out sudo ls', ['ls', 'sudo']],
  ['rg --pre ./x foo', ['./x', 'rg']],
  ["git -c alias.x='!rm y' x", ['?', 'git']],
  ['git -c color.ui=never log', ['git']],
  ['GIT_PAGER=cat git log', ['cat', 'git']],
  ['GIT_EXTERNAL_DIFF=./x git diff', ['./x', 'git']],
  ['git bisect run rm', ['?', 'git']],
  ['watch rm x', ['?', 'watch']],
  // Syntax that the grammar does not take apart.
  ['cat <<-E\n\t$(rm x)\n\tE', ['?', 'cat']],
  ['echo "${z:-`rm x`}"', ['?']],
  ['env $"rm" x', ['rm']],
  ['coproc C { rm x; }', ['?']],
  ['time { rm x; }', ['?']],
  ["declare 'a[$(rm x)]=1'", ['?']],
  ["unset 'a[$(rm x)]'", ['?']],
  ["time . /dev/stdin <<< 'rm x'", ['?']],
  ['echo a # b \\\n\\rm x', ['?']],
  // Where names lead.
  ['PATH=./bin:$PATH git log', ['./git']],
  ['export PATH=$PWD; git log', ['./git']],
  ['export "PATH=$PWD"; git log', ['./git']],
  ['LD_PRELOAD=./x.so git log', ['./git']],
  ['BASH_ENV=x bash y', ['?', 'bash']],
  // Functions.
  ['f() { rm x; }; f', ['rm']],
  ['function f { rm x; }\nf', ['rm']],
  ['rm() { ls; }; \\rm x', ['ls', 'rm']],
  ['rm() { ls; }; command rm x', ['ls', 'rm']],
  ['false && sudo() { :; }; sudo x', ['sudo', 'x']],
  ['if false; then sudo() { :; }; fi; sudo x', ['sudo', 'x']],
  ['sudo() { :; } & sudo x', ['sudo', 'x']],
  ['sudo() { :; }; unset -f sudo; sudo x', ['sudo', 'x']],
  ['sudo x; sudo() { :; }', ['sudo', 'x']],
  // Broken lines.
  ['+(r)m', ['?', '+', 'm', 'r']],
  ['rm "', ['?', 'rm']],
]

describe('programs of a command line', () => {
  it.each(TABLE)('%s', (line, programs) => {
    const found = started(line)
    expect([...new Set(found)].sort()).toEqual([...new Set(programs)].sort())
  })

  it.each([
    "git commit -m \"$(cat <<'EOF'\nfix: a (b) 'c' `d`\n\nbody\nEOF\n)\"",
    "cat > f.ts <<'EOF'\nconst a = `x ${y}`\nEOF",
    "python3 - <<'EOF'\nprint(1)\nEOF",
    'cat <<EOF | python3 -\nprint(1)\nEOF',
    'npx tsc --noEmit 2>&1 | head -50',
    "find . -name '*.ts' -not -path './node_modules/*' | xargs grep -l foo",
    "find src -name '*.ts' -exec sed -i 's/a/b/' {} \\;",
    "rg -l a | xargs sed -i 's/a/b/g'",
    'rm -rf node_modules/{a,b} src/**/*.js',
    'source .venv/bin/activate && pytest',
    'tar czf - . | (cd x && tar xzf -)',
    'while ! curl -s localhost:3000; do sleep 1; done',
    'for x in "${arr[@]}"; do echo "$x ${x//a/b} ${#x}"; done',
    'if ! grep -q x y; then (cd a && make); fi',
    'timeout -s KILL 60s npm test',
    'bash -lc \'npm test && echo "ok"\'',
    "git commit -am 'wip: [x] $(not run) `nor this`'",
    'sed -i "s/${old}/${new}/" f',
    'DEBUG=* npm test; printf "%d\\n" {1..5}',
    'cd "$(git rev-parse --show-toplevel)" && ls',
    '(( i++ )); let x=1; [ "$a" = "b" ] || exit 1',
    "node -e 'const a = [1]; console.log(a[0], `x`)'",
  ])('knows every program of what agents write all day: %j', (line) => {
    expect(parse(line).filter(({ known }) => !known)).toEqual([])
  })

  it('tells each program with its arguments, without quoting', () => {
    expect(parse('A=1 npm  "test" -- \'a b\' > out').map(({ line }) => line)).toEqual(['npm test -- a b'])
    expect(parse('npm test; npm run "$X"').map(({ line }) => line)).toEqual(['npm test', 'npm run "$X"'])
  })

  it('survives nesting without end, very long lines and any text', () => {
    expect(parse('('.repeat(5_000)).some(({ known }) => !known)).toBe(true)
    expect(parse(`echo ${'$(echo '.repeat(2_000)}${')'.repeat(2_000)}`).some(({ known }) => !known)).toBe(true)
    expect(parse('x '.repeat(100_000))).toMatchObject([{ known: false }])
    let nested = 'rm x'
    for (let level = 0; level < 12; level += 1) nested = `eval ${JSON.stringify(nested)}`
    expect(parse(nested).some(({ known }) => !known)).toBe(true)
  })

  it('knows nothing while the grammar is not loaded', () => {
    expect(unreadCommand('ls')).toEqual([{ name: '', line: 'ls', known: false, byPath: false }])
  })
})
