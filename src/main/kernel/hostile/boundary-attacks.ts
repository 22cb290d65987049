import { type Attack, type AttackArea, call, denied, failed, outputOf, refused, says, shell, type Targets } from './attack'

const attack = (area: AttackArea, name: string, steps: Attack['steps'], judge: Attack['judge']): Attack => ({ area, name, steps, judge })

const connect = (options: string): string =>
  `node -e "require('net').connect(${options}).on('connect', () => { console.log('CONNECTED'); process.exit() }).on('error', (e) => console.log(e.code))"`

/** Past the network namespace. */
export function networkAttacks({ hostPort, abstractName }: Targets): Attack[] {
  const network = (name: string, steps: Attack['steps'], judge: Attack['judge']): Attack => attack('network', name, steps, judge)
  return [
    network('a server of the host', [shell(connect(`{ host: '127.0.0.1', port: ${hostPort} }`))], says(/ECONNREFUSED/)),
    network('an address directly', [shell(connect("{ host: '1.1.1.1', port: 53 }"))], says(/ENETUNREACH|EHOSTUNREACH/)),
    network('an address directly, on the frame', [shell(connect("{ host: '192.0.2.1', port: 80 }"))], denied('network', /direct/)),
    network('the metadata address', [shell(connect("{ host: '169.254.169.254', port: 80 }"))], says(/ENETUNREACH|EHOSTUNREACH/)),
    network('IPv6', [shell(connect("{ host: '2001:db8::1', port: 80 }"))], says(/ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL/)),
    network('names', [shell("node -e \"require('dns').lookup('example.com', (e) => console.log(e.code))\"")], says(/EAI_AGAIN|ENOTFOUND/)),
    network(
      'names by a server',
      [
        shell(
          "node -e \"const d = new (require('dns').Resolver)({ timeout: 500, tries: 1 }); d.setServers(['8.8.8.8']); d.resolve('example.com', (e) => console.log(e.code))\"",
        ),
      ],
      says(/ECONNREFUSED|ETIMEOUT|ENOTFOUND|EREFUSED/),
    ),
    network('an abstract socket of the host', [shell(connect(`{ path: '\\\\0${abstractName}' }`))], says(/ECONNREFUSED/)),
    network(
      'broadcast',
      [
        shell(
          "node -e \"const s = require('dgram').createSocket('udp4'); s.bind(() => { s.setBroadcast(true); s.send('x', 9, '255.255.255.255', (e) => { console.log(e ? e.code : 'SENT'); s.close() }) })\"",
        ),
      ],
      says(/ENETUNREACH|EACCES|EPERM/),
    ),
  ]
}

/** Beyond the limits of the role `tiny`. */
export function limitAttacks(): Attack[] {
  const limits = (name: string, steps: Attack['steps'], judge: Attack['judge']): Attack => attack('limits', name, steps, judge)
  return [
    limits('memory hog', [shell('node -e "const a = []; for (;;) a.push(Buffer.alloc(16e6, 1))"')], (outcome) =>
      outcome.ok && /"exitCode":0/.test(JSON.stringify(outcome.output)) ? 'it ended well' : null,
    ),
    limits(
      'descriptor flood',
      [shell("node -e \"const fs = require('fs'); try { for (;;) fs.openSync('/dev/null') } catch (e) { console.log(e.code) }\"")],
      says(/EMFILE/),
    ),
    limits('a loop without end', [shell('while :; do :; done', 1500)], says(/timed out|/)),
    limits('output without end', [shell('yes | head -c 30000000', 30_000)], (outcome) =>
      outputOf(outcome).length < 2_000_000 ? null : 'the output was kept whole in memory',
    ),
    limits('daemon', [shell('(nohup $(command -v setsid) sleep 4000 > /dev/null 2>&1 &); sleep 0.2; echo left')], (outcome) =>
      outcome.sideEffects.processes.some((line) => line.includes('sleep 4000'))
        ? null
        : `what it left running is not on the frame: ${outputOf(outcome)} ${JSON.stringify(outcome.sideEffects.processes)} ${JSON.stringify(outcome.error)}`,
    ),
    limits('disk full', [shell('dd if=/dev/zero of=fill bs=1M count=400; ls -s fill', 30_000), shell('echo more; rm -f fill')], () => null),
    limits(
      'too many files',
      [shell('mkdir -p many && cd many && for i in $(seq 6000); do : > f$i; done; cd ..; ls many | wc -l', 60_000), shell('rm -rf many')],
      () => null,
    ),
    limits(
      'fork bomb',
      [
        call('fs.write', { path: 'attacks/bomb.sh', text: 'b() { b | b & }; b; sleep 2; echo over' }),
        call('shell.run', { command: 'bash attacks/bomb.sh', session: 'bomb', timeoutMs: 5000 }),
        call('shell.close', { session: 'bomb' }),
        shell('echo still here'),
      ],
      says(/still here/),
    ),
  ]
}

/** Past the policies of a role that only reads (`code-analyzer`) or may write some files (`refactorer`). */
export function analyzerAttacks(): Attack[] {
  const policy = (name: string, steps: Attack['steps'], judge: Attack['judge']): Attack => attack('policy', name, steps, judge)
  return [
    policy('write by a tool', [call('fs.write', { path: 'README.md', text: 'x' })], refused('fs.write')),
    policy('edit by a tool', [call('fs.replace', { path: 'README.md', oldText: 'read', newText: 'x' })], refused('fs.write')),
    policy('move by a tool', [call('fs.move', { from: 'README.md', to: 'x.md' })], refused('fs.write')),
    policy('remove by a tool', [call('fs.remove', { path: 'README.md' })], refused('fs.write')),
    policy('a program it may not run', [shell('curl example.com')], refused('process.spawn')),
    policy('a program in a substitution', [shell('git log $(curl example.com)')], refused('process.spawn')),
    policy('a program behind a wrapper', [shell('env -i timeout 5 node -e 0')], refused('process.spawn')),
    policy('a program with quotes in its name', [shell('n"o"de -e 0')], refused('process.spawn')),
    policy('a program that is a variable', [shell('p=node; $p -e 0')], refused('process.spawn')),
    policy('a program by its path', [shell('/usr/bin/env node -e 0')], refused('process.spawn')),
    policy('an evaluated text', [shell('eval "no""de -e 0"')], refused('process.spawn')),
    policy('a shell within', [shell("bash -c 'node -e 0'")], refused('process.spawn')),
    policy(
      'writing by a program it may run',
      [shell('git diff --no-index --output=README.md /dev/null package.json')],
      says(/Read-only file system|Permission denied|could not open|fatal/i),
    ),
    policy('writing by redirection', [shell('rg read > README.md')], says(/Read-only file system|Permission denied/)),
  ]
}

export function refactorerAttacks(): Attack[] {
  const policy = (name: string, steps: Attack['steps'], judge: Attack['judge']): Attack => attack('policy', name, steps, judge)
  return [
    policy('a file of another kind', [call('fs.write', { path: 'deploy.yaml', text: 'x' })], refused('fs.write')),
    policy('a kind by its capitals', [call('fs.write', { path: 'x.TS', text: 'x' })], refused('fs.write')),
    policy(
      'a link of the right kind to another',
      [call('fs.write', { path: 'y.ts', text: 'x' }), call('fs.move', { from: 'y.ts', to: 'y.yaml' })],
      refused('fs.write'),
    ),
    policy('a permitted program that writes another kind', [shell('npm pkg set name=stolen --offline')], denied('files', /package\.json/)),
    policy(
      'policies in the repository',
      [call('fs.write', { path: '.keyframe/roles/refactorer.ts', text: 'permit(principal, action, resource);' })],
      () => null,
    ),
    policy('what they would have permitted', [call('fs.write', { path: 'Makefile', text: 'x' })], refused('fs.write')),
    policy('root', [shell('sudo id')], refused('process.spawn')),
    policy('an unknown tool', [call('fs.chroot', { path: '/' })], failed),
  ]
}
