import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../../testing/seeded-random'
import { type CommandParser, loadCommandParser } from './command-programs'

/** What lines may start beside the one program that is looked for. */
const HARMLESS = 'bash sh env timeout xargs cat nice nohup find stdbuf setsid sleep ls true'.split(' ')
const RANDOM_LINES = 80

const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const double = (text: string): string => `"${text.replace(/[\\"$`]/gu, '\\$&')}"`

/** Ways to write the name of the program. */
const SPELLINGS: readonly string[] = [
  'probe',
  'pr"ob"e',
  "'probe'",
  '\\probe',
  'p\\robe',
  "$'\\x70robe'",
  "$'\\160robe'",
  '$"probe"',
  '"$(echo probe)"',
  '$(echo probe)',
  '$P',
  '${P}',
  'pro{be,}',
  'pr?be',
  'pr[o]be',
  '`echo probe`',
  './probe',
  '${P:-x}',
  '"${P}"',
  'p${E}robe',
  'p""robe',
  'pro\\\nbe',
  '"$D/probe"',
  '$D/probe',
  '${P#x}',
  '$D/pr*e',
  'probe >/dev/null',
  'p$()robe',
  '${P^^}',
  '"$P"""',
  'p\'r\'o"b"e',
  '{probe,a}',
  '{probe,}',
  '"pro""be"',
  'P2=probe; $P2',
  "$'probe'",
  '~+/probe',
  '${!Q}',
  '"${A[@]}"',
  '${A[0]}',
]

/** Places in which a command may stand. */
const PLACES: readonly ((x: string) => string)[] = [
  (x) => x,
  (x) => `${x} a b`,
  (x) => `echo $(${x})`,
  (x) => `echo "\`${x.includes('`') ? 'probe' : x}\`"`,
  (x) => `( ${x} )`,
  (x) => `{ ${x}; }`,
  (x) => `if ${x}; then :; fi`,
  (x) => `for i in 1; do ${x}; done`,
  (x) => `eval ${single(x)}`,
  (x) => `eval ${double(x)}`,
  (x) => `bash -c ${single(x)}`,
  (x) => `bash -c ${double(x)} a b`,
  (x) => `sh -c ${single(x)}`,
  (x) => `env ${x}`,
  (x) => `env A=1 ${x}`,
  (x) => `env > out ${x}`,
  (x) => `timeout 5 ${x}`,
  (x) => `timeout > out 5 ${x}`,
  (x) => `xargs ${x} </dev/null`,
  (x) => `echo ${single(x)} | xargs env`,
  (x) => `echo ${single(x)} | bash`,
  (x) => `bash <<< ${single(x)}`,
  (x) => `bash <<E\n${x}\nE`,
  (x) => `bash <<'E'\n${x}\nE`,
  (x) => `cat <<E\n$(${x})\nE`,
  (x) => `cat <<-E\n\t$(${x})\n\tE`,
  (x) => `trap ${single(x)} EXIT`,
  (x) => `f() { ${x}; }; f`,
  (x) => `function g { ${x}; }\ng`,
  (x) => `false || ${x}`,
  (x) => `true && ${x}`,
  (x) => `! ${x}`,
  (x) => `${x} &`,
  (x) => `${x} & wait`,
  (x) => `: | ${x}`,
  (x) => `: |& ${x}`,
  (x) => `A=$(${x})`,
  (x) => `a=([0]=$(${x}))`,
  (x) => `echo \${z:-$(${x})}`,
  (x) => `echo "\${z:-\`${x.includes('`') ? 'probe' : x}\`}"`,
  (x) => `echo $((1+$(${x} >/dev/null; echo 1)))`,
  (x) => `[[ $(${x}) ]]`,
  (x) => `[[ -n a && $(${x}) = b ]]`,
  (x) => `case $(${x}) in *) ;; esac`,
  (x) => `case a in a) ${x};; esac`,
  (x) => `exec ${x}`,
  (x) => `command ${x}`,
  (x) => `builtin command ${x}`,
  (x) => `time ${x}`,
  (x) => `time -p ${x}`,
  (x) => `nice ${x}`,
  (x) => `nice -n 1 ${x}`,
  (x) => `nohup ${x}`,
  (x) => `coproc ${x}`,
  (x) => `coproc C { ${x}; }`,
  (x) => `find . -maxdepth 0 -exec ${x} \\;`,
  (x) => `find . -maxdepth 0 -exec ${x} {} +`,
  (x) => `>out ${x}`,
  (x) => `2>&1 ${x}`,
  (x) => `>out >out2 ${x} a`,
  (x) => `A=1 ${x}`,
  (x) => `A=1 >out ${x}`,
  (x) => `while ${x}; do break; done`,
  (x) => `until ! ${x}; do break; done`,
  (x) => `source <(echo ${single(x)})`,
  (x) => `. /dev/stdin <<< ${single(x)}`,
  (x) => `mapfile -C ${single(x)} -c 1 a <<< a`,
  (x) => `printf -v ${single(`a[$(${x})]`)} b`,
  (x) => `((a[$(${x} >/dev/null)]))`,
  (x) => `let ${single(`a[$(${x})]=1`)}`,
  (x) => `echo "\${a[$(${x})]}"`,
  (x) => `test -v ${single(`a[$(${x})]`)}`,
  (x) => `[[ -v ${single(`a[$(${x})]`)} ]]`,
  (x) => `[ -v ${single(`a[$(${x})]`)} ]`,
  (x) => `declare ${single(`a[$(${x})]=1`)}`,
  (x) => `read ${single(`a[$(${x})]`)} <<< 1`,
  (x) => `unset ${single(`a[$(${x})]`)}`,
  (x) => `: \${q:=$(${x})}`,
  (x) => `x=${single(`a[$(${x})]`)}; : $((x))`,
  (x) => `x=${double(`a[$(${x})]`)}; (( x ))`,
  (x) => `declare -i n=${single(`a[$(${x})]`)}`,
  (x) => `PS4=${single(`$(${x})`)}; set -x; :`,
  (x) => `v=${single(`$(${x})`)}; echo "\${v@P}"`,
  (x) => `hash -p $D/probe zz; zz; : ${x}`,
  (x) => `probe(){ :; }; unset -f probe; ${x}`,
  (x) => `false && probe(){ :; }; ${x}`,
  (x) => `if false; then probe(){ :; }; fi; ${x}`,
  (x) => `probe(){ :; } | :; ${x}`,
  (x) => `probe(){ :; } & wait; ${x}`,
  (x) => `(probe(){ :; }); ${x}`,
  (x) => `stdbuf -o0 ${x}`,
  (x) => `setsid -w ${x}`,
  (x) => `env -S ${single(x)}`,
  (x) => `bash -c '"$@"' _ ${x}`,
  (x) => `bash -c '$0' ${x}`,
  (x) => `set -- ${x}; "$@"`,
  (x) => `set -- ${x}; $1`,
  (x) => `read c <<< ${single(x)}; $c`,
  (x) => `declare c=${single(x)}; $c`,
  (x) => `$(printf ${single(x)})`,
  (x) => `# \\\n${x}`,
  (x) => `echo a # b \\\n${x}`,
  (x) => `: 'multi\nline'; ${x}`,
  (x) => `echo 'a'\\''b'; ${x}`,
  (x) => `: "a\\"; b"; ${x}`,
  (x) => `: $'a\\'b'; ${x}`,
  (x) => `cat <<'E'\n'\nE\n${x}`,
  (x) => `cat <<"E F"\nx\nE F\n${x}`,
  (x) => `cat <<E; ${x}\nbody\nE`,
  (x) => `cat <<E1 <<E2 | cat; ${x}\na\nE1\nb\nE2`,
  (x) => `echo a\\\n; ${x}`,
  (x) => `exec 3>&1 4>&2; ${x}`,
  (x) => `{ ${x}; } > out 2>&1`,
  (x) => `${x} && :`,
  (x) => `for ((i=0;i<1;i++)); do ${x}; done`,
  (x) => `for ((i=$(${x} >/dev/null)+0;i<1;i++)); do :; done`,
  (x) => `select o in a; do ${x}; break; done <<< 1`,
  (x) => `echo $(< <(${x}))`,
  (x) => `cat <(${x})`,
  (x) => `: > >(${x}); wait; sleep 0.05`,
  (x) => `a=1 b=2 c=$(${x}) :`,
  (x) => `export Z=$(${x})`,
  (x) => `local_(){ local q=$(${x}); }; local_`,
  (x) => `readonly r$RANDOM=$(${x})`,
  (x) => `echo $[ $(${x} >/dev/null) 1 ]`,
  (x) => `echo {a,$(${x})}`,
  (x) => `echo "$(echo "$(echo "$(${x})")")"`,
  (x) => `echo \`echo \\\`${x.includes('`') || x.includes('\\') ? 'probe' : x}\\\`\``,
  (x) => `[ $(${x}) ] ; :`,
  (x) => `xargs -a /dev/null ${x}`,
  (x) => `echo a | xargs -I{} ${x} {}`,
  () => 'echo probe | xargs -I{} {}',
  (x) => `echo a | xargs -I % sh -c ${single(x)}`,
  (x) => `ls | while read l; do ${x}; done`,
  (x) => `time { ${x}; }`,
  (x) => `if [[ a ]]; then\n${x}\nelif :; then :; fi`,
  (x) => `function h() ( ${x} ); h`,
  (x) => `h2 () { ${x}\n}\nh2`,
  (x) => `: ;; ${x}`,
  (x) => `;${x}`,
  (x) => `&& ${x}`,
  (x) => `echo ) ${x}`,
  (x) => `}\n${x}`,
  (x) => `echo "unterminated\n${x}`,
  (x) => `if :; ${x}`,
  (x) => `a=(1\n2); ${x}`,
  (x) => `a=( $(${x}) )`,
  (x) => `printf '%s' "\${a[@]/x/$(${x})}"`,
  (x) => `echo \${z/a/$(${x})}`,
  (x) => `echo "\${z:$(${x} >/dev/null)0}"`,
  (x) => `\n\n${x}\n`,
  (x) => `\r\n${x}\r\n`,
  (x) => `:\u00a0; ${x}`,
  (x) => `:\t;\t${x}`,
  (x) => `:\f${x}`,
  (x) => `:\v;${x}`,
  (x) => `case a in (a) ${x} ;& b) : ;; esac`,
  (x) => `case x in a|b) ;; *) ${x} ;; esac`,
  (x) => `shopt -s extglob\n[[ a == +(a) ]]; ${x}`,
  (x) => `[[ a =~ (a|b) ]]; ${x}`,
  (x) => `[[ a =~ [[:space:]] ]]; ${x}`,
  (x) => `[[ a < b ]]; ${x}`,
  (x) => `((1<<2)); ${x}`,
  (x) => `echo $((1<<2)); ${x}`,
  (x) => `let "y=1<<2"; ${x}`,
  (x) => `a[1<<2]=3; ${x}`,
  (x) => `echo a<<<b; ${x}`,
  (x) => `cat <<\\E\n$(:)\nE\n${x}`,
  (x) => `cat << 'E' \n x\nE\n${x}`,
  (x) => `cat <<E\n\\$(x)\nE\n${x}`,
  (x) => `cat <<E > out\nx\nE\n${x}`,
  (x) => `cat > out <<E\nx\nE\n${x}`,
  (x) => `cat <<E && ${x}\nx\nE`,
  (x) => `cat <<E || :\nx\nE\n${x}`,
  (x) => `cat <<E | cat && ${x}\nx\nE`,
  (x) => `(cat <<E\nx\nE\n); ${x}`,
  (x) => `cat <<E 2>/dev/null a ; ${x}\nx\nE`,
]

let folder: string
let bin: string
let parse: CommandParser
beforeAll(async () => {
  parse = await loadCommandParser()
  folder = mkdtempSync(join(tmpdir(), 'keyframe-commands-'))
  bin = join(folder, 'bin')
  mkdirSync(bin)
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  for (const name of HARMLESS) {
    const found = folders.map((path) => join(path, name)).find((path) => existsSync(path))
    if (found !== undefined) symlinkSync(found, join(bin, name))
  }
  makeProbe(bin)
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

function makeProbe(where: string): void {
  writeFileSync(join(where, 'probe'), '#!/bin/bash\n: > "$MARK"\n')
  chmodSync(join(where, 'probe'), 0o755)
}

/** Whether the shell, given the line, really starts the program. */
function isStarted(line: string, number: number): boolean {
  const cwd = join(folder, `w${number}`)
  const mark = join(folder, `mark${number}`)
  mkdirSync(cwd)
  makeProbe(cwd)
  spawnSync('bash', ['--norc', '-c', line], {
    cwd,
    env: { PATH: bin, MARK: mark, P: 'probe', E: '', D: bin, Q: 'P', HOME: cwd },
    timeout: 3_000,
    stdio: 'ignore',
  })
  return existsSync(mark)
}

it('names every program that the shell starts, or says that it cannot be known', () => {
  const random = seededRandom(11)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const lines = [...PLACES.map((place) => place('probe')), ...SPELLINGS.flatMap((name) => [name, `env ${name}`])]
  for (let count = 0; count < RANDOM_LINES; count += 1) lines.push(pick(PLACES)(pick(PLACES)(pick(SPELLINGS))))
  const started = lines.filter((line, number) => isStarted(line, number))
  const missed = started.filter((line) => !parse(line).some(({ known, name }) => !known || name === 'probe'))
  expect(missed).toEqual([])
  expect(started.length).toBeGreaterThan(lines.length / 2)
  expect(readdirSync(bin)).toContain('probe')
})
