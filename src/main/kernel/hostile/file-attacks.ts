import type { ToolOutcome } from '../../../shared/frames'
import { type Attack, type AttackArea, call, failed, outputOf, refused, says, script, shell, type Targets } from './attack'

const attack = (area: AttackArea, name: string, steps: Attack['steps'], judge: Attack['judge']): Attack => ({ area, name, steps, judge })

const changed =
  (...paths: string[]) =>
  (outcome: ToolOutcome): string | null => {
    const found = outcome.sideEffects.files.map((file) => file.path)
    const missing = paths.filter((path) => !found.includes(path))
    return missing.length === 0 ? null : `not recorded as changed: ${missing.join(', ')} (recorded: ${found.slice(0, 20).join(', ')})`
  }

/** Ways out of the workspace by files. */
export function fileAttacks({ canary }: Targets): Attack[] {
  const files = (name: string, steps: Attack['steps'], judge: Attack['judge']): Attack => attack('files', name, steps, judge)
  return [
    files('write to a system file', [shell('echo x > /etc/passwd')], says(/Read-only file system|Permission denied/)),
    files('write to a file of the host', [shell(`echo x > ${canary}/file; ls ${canary}`)], says(/No such file or directory/)),
    files('create beside the workspace', [shell('echo x > ../outside')], says(/Read-only file system|Permission denied/)),
    files('read the host’s shadow file', [shell('cat /etc/shadow')], says(/No such file or directory|Permission denied/)),
    files('fs.write with dots', [call('fs.write', { path: '../outside', text: 'x' })], failed),
    files('fs.write to an absolute path', [call('fs.write', { path: `${canary}/file`, text: 'x' })], failed),
    files(
      'fs.write through a link to a file',
      [shell(`ln -s ${canary}/file link-file`), call('fs.write', { path: 'link-file', text: 'x' })],
      failed,
    ),
    files(
      'fs.write through a linked folder',
      [shell('ln -sfn /tmp link-tmp'), call('fs.write', { path: 'link-tmp/x', text: 'x' })],
      failed,
    ),
    files(
      'fs.write through a chain of links',
      [shell('ln -s /etc c1; ln -s c1 c2; ln -s c2 c3'), call('fs.write', { path: 'c3/x', text: 'x' })],
      failed,
    ),
    files('fs.read through a link', [shell('ln -s /etc/hostname link-read'), call('fs.read', { path: 'link-read' })], failed),
    files(
      'fs.read of /proc/1/environ through a link',
      [shell('ln -s /proc/1/environ link-env'), call('fs.read', { path: 'link-env' })],
      failed,
    ),
    files('fs.move out of the workspace', [call('fs.move', { from: 'README.md', to: '../README.md' })], failed),
    files('fs.remove of the parent', [call('fs.remove', { path: '..' })], failed),
    files(
      'fs.applyEdit that creates outside',
      [call('fs.applyEdit', { files: [], create: [{ path: '../../x', text: 'x' }], move: [], remove: [] })],
      failed,
    ),
    files(
      'fs.replace while the folder becomes a link',
      [
        ...script(
          'swap',
          'mkdir -p race; echo a > race/f; (for i in $(seq 400); do mv race race.real; ln -s /etc race; rm race; mv race.real race; done) & wait',
        ),
        call('fs.list', { path: 'race' }),
      ],
      () => null,
    ),
    files(
      'hard link to a program of the host',
      [shell('ln /usr/bin/id stolen && echo x >> stolen')],
      says(/cross-device|not permitted|Permission denied/i),
    ),
    files('remove a system program', [shell('rm -f /usr/bin/id')], says(/Read-only file system|Permission denied/)),
    files('core pattern', [shell('echo "|/bin/sh" > /proc/sys/kernel/core_pattern')], says(/Read-only file system|Permission denied/)),
    files('sysrq', [shell('echo b > /proc/sysrq-trigger')], says(/Read-only file system|Permission denied|No such file/)),
    files('memory of the machine', [shell('cat /dev/mem /dev/kmem /dev/kmsg /dev/port | head -c1')], says(/No such file or directory/)),
    files(
      'disks of the machine',
      [shell('ls /dev/sda /dev/vda /dev/nvme0n1 /dev/loop-control; ls /sys')],
      says(/No such file or directory/),
    ),
    files('the engine’s socket', [shell('ls -l /var/run/docker.sock /run/docker.sock /run/containerd')], says(/No such file or directory/)),
    files('the agent sockets', [shell('ls ${SSH_AUTH_SOCK:-/run/none} /run/user ~/.ssh ~/.gnupg')], says(/No such file or directory/)),
    files('a pipe in the workspace', [shell('mkfifo pipe'), call('fs.read', { path: 'pipe' })], failed),
    files('a sparse file of a tebibyte', [shell('truncate -s 1T sparse && ls -s sparse')], (outcome) =>
      outcome.sideEffects.files.some((file) => file.path === 'sparse') ? 'the giant is part of the checkpoint' : null,
    ),
    files(
      'a socket in the workspace',
      [shell("node -e \"require('net').createServer().listen('sock', () => process.exit())\"; ls -d sock; true")],
      () => null,
    ),
    files('an opaque mark forged on a folder', [shell('./probe opaque-xattr; ls src | wc -l')], (outcome) =>
      outcome.sideEffects.files.some((file) => file.change === 'deleted') ? 'the mark hid files of the base' : null,
    ),
    files('a redirect forged on a folder', [shell('./probe redirect-xattr; cat src/passwd src/shadow')], says(/No such file or directory/)),
    files(
      'a program with the setuid bit',
      [shell('cp /usr/bin/id setuid-id; chmod 6777 setuid-id; ./setuid-id -u')],
      says(/^(1001|64000)$/m),
    ),
    files('su', [shell('su -c id < /dev/null')], failed),
    files('su from a script', script('su', 'su -c id root < /dev/null; echo "exit $?"'), says(/exit [1-9]/)),
  ]
}

/** Names that break what reads them. */
export function nameAttacks(): Attack[] {
  const names = (name: string, steps: Attack['steps'], judge: Attack['judge']): Attack => attack('names', name, steps, judge)
  return [
    names('a line break', [shell("touch $'new\\nline'")], changed('new\nline')),
    names('escape sequences', [shell("touch $'\\e[2J\\e]0;title\\a'")], changed('\u001b[2J\u001b]0;title\u0007')),
    names('bytes that are no text', [shell("touch $'bytes\\xff\\xfe'")], changed('bytes\\xff\\xfe')),
    names('255 bytes', [shell(`touch ${'n'.repeat(255)}`)], changed('n'.repeat(255))),
    names(
      'deeper than a path can be',
      [
        shell(
          '(mkdir deep && cd deep && for i in $(seq 60); do mkdir -p ' +
            'd'.repeat(100) +
            ' && cd ' +
            'd'.repeat(100) +
            ' || exit 0; done; touch end)',
          30_000,
        ),
      ],
      () => null,
    ),
    names('an option', [shell('touch -- -rf --help')], changed('--help', '-rf')),
    names(
      'hooks of git',
      [shell('mkdir -p .git/hooks && echo "touch /tmp/pwned" > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit')],
      () => null,
    ),
    names('git in capitals', [shell('mkdir -p .GIT/hooks && echo x > .GIT/hooks/post-checkout')], () => null),
    names('git with a joiner', [shell("mkdir -p $'.g\\u200cit' && echo x > $'.g\\u200cit/config'")], () => null),
    names('git with a stream', [shell("mkdir -p '.git::$INDEX_ALLOCATION' && echo x > '.git::$INDEX_ALLOCATION/config'")], () => null),
    names('git by its short name', [shell('mkdir -p git~1 && echo x > git~1/config')], () => null),
    names(
      'fs.write into .git',
      [call('fs.write', { path: '.git/config', text: '[core]\n\tfsmonitor = touch /tmp/pwned\n' })],
      refused('fs.write'),
    ),
    names('tasks of an editor', [shell('mkdir -p .vscode && echo "{}" > .vscode/tasks.json')], changed('.vscode/tasks.json')),
    names(
      'servers of other agents',
      [shell('mkdir -p .claude && echo "{}" > .claude/settings.json && echo "{}" > .mcp.json')],
      changed('.mcp.json'),
    ),
    names(
      'a lifecycle script',
      [
        call('fs.write', {
          path: 'package.json',
          text: '{ "name": "small", "type": "module", "scripts": { "postinstall": "touch /tmp/pwned" } }\n',
        }),
      ],
      changed('package.json'),
    ),
    names('attributes with a filter', [shell("echo '* filter=x' > .gitattributes")], changed('.gitattributes')),
  ]
}

/** What an agent may learn of the host, or do to its processes. */
export function processAttacks({ kernelPid }: Targets): Attack[] {
  const processes = (name: string, steps: Attack['steps'], judge: Attack['judge']): Attack => attack('processes', name, steps, judge)
  return [
    processes('environment of the host', [shell('cat /proc/*/environ | tr "\\0" "\\n"; env')], (outcome) =>
      outputOf(outcome).includes('KEYFRAME_TEST_SECRET') ? 'a variable of the host is seen' : null,
    ),
    processes('command lines of the host', [shell('cat /proc/*/cmdline | tr "\\0" " "')], (outcome) =>
      /vitest|keyframe-hostile/.test(outputOf(outcome)) ? 'processes of the host are seen' : null,
    ),
    processes('inherited descriptors', [shell('ls -l /proc/self/fd; ls -l /proc/1/fd')], (outcome) =>
      /keyframe-hostile|journal|\.db/.test(outputOf(outcome)) ? 'a descriptor of the host was inherited' : null,
    ),
    processes('kill the kernel', [shell(`kill -9 ${kernelPid}; kill -9 -1; true`), shell('true'), shell('echo alive')], says(/alive/)),
    processes(
      'memory of another process',
      [shell('dd if=/proc/1/mem bs=1 count=1 of=/dev/null')],
      says(/Permission denied|Input\/output error|not permitted/i),
    ),
    processes(
      'who it is',
      [shell('id -u; id -G; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status')],
      says(/^(1001\n1001|64000\n64000)\nCapEff:\s+0+\nNoNewPrivs:\s+1$/m),
    ),
  ]
}
