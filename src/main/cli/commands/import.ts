import { basename, resolve } from 'node:path'
import { importRunFile } from '../../kernel/kernel'
import { flag } from '../arguments'
import { type Command, EXIT, JSON_HELP, JSON_OPTION, UsageError } from '../command'
import { keyframeHome } from '../home'
import { oneLine, printJson } from '../print'

export const command: Command = {
  usage: 'import FILE [DIR] [--json]',
  options: { ...JSON_OPTION },
  optionHelp: [
    ['FILE', 'what `keyframe export` wrote'],
    ['DIR', "a folder that does not exist yet, for the run's files; one named after the file when left out"],
    JSON_HELP,
  ],
  maxPositionals: 2,
  async run(input, terminal) {
    const [file, folder] = input.positionals
    if (file === undefined || file === '') throw new UsageError('Name the file to read.')
    const target = resolve(folder ?? basename(file).replace(/\.keyframe$/, ''))
    if (target === resolve(file)) throw new UsageError('Name a folder for the files of the run.')
    const report = await importRunFile({ file: resolve(file), folder: target, home: keyframeHome() })
    if (flag(input, 'json')) printJson(terminal, report)
    else {
      terminal.out(
        `${oneLine(report.task)}: ${report.frames} frames${report.isOriginal ? ', as they were recorded' : ', secrets taken out'}`,
      )
      for (const { what, why, count } of report.leftOut) terminal.out(`  not in the file: ${count} × ${oneLine(what)}, ${oneLine(why)}`)
      terminal.out(`Step through it: keyframe open ${report.folder}`)
    }
    return EXIT.done
  },
}
