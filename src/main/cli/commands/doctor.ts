import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DoctorReport } from '../../../shared/contract/methods'
import { flag } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, type Terminal } from '../command'
import { withKernel } from '../kernel-session'
import { printJson } from '../print'

export const command: Command = {
  usage: 'doctor [--json]',
  options: JSON_OPTION,
  optionHelp: [JSON_HELP],
  maxPositionals: 0,
  /** Tries everything in an empty workspace of its own, so that it works anywhere and leaves nothing behind. */
  async run(input, terminal) {
    const json = flag(input, 'json')
    const scratch = await mkdtemp(join(tmpdir(), 'keyframe-doctor-'))
    const repo = await mkdtemp(join(scratch, 'workspace-'))
    try {
      const options = { repo, home: join(scratch, 'home'), log: json ? () => undefined : terminal.err }
      const report = await withKernel(options, (client) => client.call('doctor.get', {}))
      if (json) printJson(terminal, report)
      else printReport(report, terminal)
      return report.requirements.some((requirement) => requirement.state === 'missing') ? EXIT.failed : EXIT.done
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  },
}

function printReport(report: DoctorReport, terminal: Terminal): void {
  terminal.out(`Isolation level: ${report.level}. ${report.summary}`)
  for (const requirement of report.requirements) {
    terminal.out(`  ${requirement.state.padEnd(8)} ${requirement.name}: ${requirement.detail}`)
    if (requirement.remedy !== null) terminal.out(`           to mend it: ${requirement.remedy}`)
  }
  for (const proof of report.proofs) terminal.out(`  ${proof.holds ? 'holds   ' : 'BROKEN  '} ${proof.name}: ${proof.detail}`)
}
