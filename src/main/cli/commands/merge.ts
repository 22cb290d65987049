import { branchIdOption, flag, repoOption, runIdOption } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, REPO_HELP, REPO_OPTION } from '../command'
import { withKernel } from '../kernel-session'
import { oneLine, printJson } from '../print'

export const command: Command = {
  usage: 'merge --repo R --run ID --branch B [--dry-run] [--json]',
  options: { ...REPO_OPTION, run: { type: 'string' }, branch: { type: 'string' }, 'dry-run': { type: 'boolean' }, ...JSON_OPTION },
  optionHelp: [
    REPO_HELP,
    ['--run ID', 'the run'],
    ['--branch B', 'the branch to merge'],
    ['--dry-run', 'show what would be merged'],
    JSON_HELP,
  ],
  maxPositionals: 0,
  async run(input, terminal) {
    const [runId, branchId] = [runIdOption(input), branchIdOption(input)]
    return withKernel({ repo: repoOption(input), log: terminal.err }, async (client) => {
      const preview = await client.call('branches.mergePreview', { runId, branchId })
      if (flag(input, 'dry-run')) {
        if (flag(input, 'json')) printJson(terminal, preview)
        else {
          for (const file of preview.diffs) {
            terminal.out(`${file.change} ${oneLine(file.path)}`)
            for (const hunk of file.hunks) for (const line of hunk.lines) terminal.out(`  ${line}`)
          }
          for (const path of preview.needsApproval) terminal.out(`needs approval: ${oneLine(path)}`)
          for (const conflict of preview.conflicts) terminal.out(`conflict: ${oneLine(conflict.path)}: ${oneLine(conflict.reason)}`)
        }
        return preview.conflicts.length === 0 ? EXIT.done : EXIT.failed
      }
      if (preview.needsApproval.length > 0) {
        terminal.err(`These paths run code on this machine and are approved in the window only: ${preview.needsApproval.join(', ')}`)
        return EXIT.waiting
      }
      const outcome = await client.call('branches.merge', { runId, branchId, hunks: null })
      if (flag(input, 'json')) printJson(terminal, outcome)
      else {
        for (const file of outcome.applied) terminal.out(`${file.change} ${oneLine(file.path)}`)
        for (const conflict of outcome.conflicts) terminal.out(`conflict: ${oneLine(conflict.path)}: ${oneLine(conflict.reason)}`)
      }
      return outcome.conflicts.length === 0 ? EXIT.done : EXIT.failed
    })
  },
}
