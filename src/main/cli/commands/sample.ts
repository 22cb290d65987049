import { join, resolve } from 'node:path'
import { createSampleWorkspace } from '../../kernel/workspace/sample-workspace'
import { findAppRoot } from '../app-root'
import { type Command, EXIT, UsageError } from '../command'
import { sampleFolder } from '../workspace-folder'

export const command: Command = {
  usage: 'sample [DIR]',
  options: {},
  optionHelp: [['DIR', 'a folder that does not exist yet or is empty; the copy in the data folder when left out']],
  maxPositionals: 1,
  async run(input, terminal) {
    const target = input.positionals[0]
    if (target === '') throw new UsageError('Name the folder to make.')
    if (target === undefined) {
      terminal.out(await sampleFolder())
      return EXIT.done
    }
    await createSampleWorkspace(join(findAppRoot(), 'resources', 'sample'), resolve(target))
    terminal.out(resolve(target))
    return EXIT.done
  },
}
