import { flag, repoOption, requiredInteger, runIdOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { withKernel } from '../kernel-session'
import { oneLine, printJson } from '../print'
import { pointAt, stateAt } from '../run-frames'

export const command: Command = {
  usage: 'state --repo R --run ID --frame N [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, frame: { type: 'string' }, ...JSON_OPTION },
  optionHelp: [REPO_HELP, ['--run ID', 'the run'], ['--frame N', 'as of this frame'], JSON_HELP],
  maxPositionals: 0,
  async run(input, terminal) {
    const runId = runIdOption(input)
    const n = requiredInteger(input, 'frame', 1, Number.MAX_SAFE_INTEGER)
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const at = await pointAt(client, runId, n)
      const { context, ...machine } = await stateAt(client, at)
      const tree = await client.call('files.tree', at)
      const sessions = await client.call('terminal.list', { runId, branchId: at.branchId })
      const terminals = await Promise.all(
        sessions.map(async (session) => ({
          session: session.session,
          cwd: session.cwd,
          ...(await client.call('terminal.scrollback', { ...at, session: session.session })),
        })),
      )
      const changed = tree.filter((entry) => entry.status !== 'same')
      if (flag(input, 'json')) {
        printJson(terminal, { at, machine, context, files: { total: tree.length, changed }, terminals })
        return EXIT.done
      }
      terminal.out(`frame ${n} on ${at.branchId}: ${machine.phase}, agent ${machine.machine.state}, task "${oneLine(machine.task)}"`)
      terminal.out(`files: ${tree.length}, of which changed ${changed.length}`)
      for (const entry of changed) terminal.out(`  ${entry.status.padEnd(8)} ${oneLine(entry.path)}`)
      terminal.out(`context: ${Object.keys(context.items).length} items (see \`keyframe context\`)`)
      for (const open of machine.openIntents) terminal.out(`under way: frame ${open.frame} ${open.title}`)
      if (machine.pendingHuman !== null) terminal.out(`waiting for a person: ${oneLine(machine.pendingHuman.title)}`)
      for (const shown of terminals) terminal.out(`terminal ${shown.session} in ${oneLine(shown.cwd)}: ${shown.data.length} characters`)
      return EXIT.done
    })
  },
}
