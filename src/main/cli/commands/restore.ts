import { flag, repoOption, requiredInteger, runIdOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { withKernel } from '../kernel-session'
import { oneLine, printJson } from '../print'
import { pointAt } from '../run-frames'

export const command: Command = {
  usage: 'restore --repo R --run ID --frame N [--dry-run] [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, frame: { type: 'string' }, 'dry-run': { type: 'boolean' }, ...JSON_OPTION },
  optionHelp: [
    REPO_HELP,
    ['--run ID', 'the run'],
    ['--frame N', 'the frame to go back to; the old line stays where it is'],
    ['--dry-run', 'show the files that would change'],
    JSON_HELP,
  ],
  maxPositionals: 0,
  async run(input, terminal) {
    const runId = runIdOption(input)
    const n = requiredInteger(input, 'frame', 1, Number.MAX_SAFE_INTEGER)
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const at = await pointAt(client, runId, n)
      if (flag(input, 'dry-run')) {
        const preview = await client.call('branches.restorePreview', at)
        if (flag(input, 'json')) printJson(terminal, preview)
        else {
          for (const file of preview.files) terminal.out(`${file.change.padEnd(7)} ${file.madeBy.padEnd(5)} ${oneLine(file.path)}`)
          terminal.out(`${preview.files.length} files, ${preview.shellSessions} shell sessions`)
        }
        return EXIT.done
      }
      const restored = await client.call('branches.restore', at)
      if (flag(input, 'json')) printJson(terminal, { runId, ...restored })
      else terminal.out(`Branch ${restored.branchId} starts at frame ${n}.`)
      return EXIT.done
    })
  },
}
