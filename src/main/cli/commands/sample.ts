import { join, resolve } from 'node:path'
import { createSampleWorkspace } from '../../kernel/workspace/sample-workspace'
import { findAppRoot } from '../app-root'
import { type Command, EXIT, UsageError } from '../command'

export const command: Command = {
  usage: 'sample DIR',
  options: {},
  optionHelp: [['DIR', 'a folder that does not exist yet or is empty']],
  maxPositionals: 1,
  async run(input, terminal) {
    const target = input.positionals[0]
    if (target === undefined || target === '') throw new UsageError('Name the folder to make.')
    await createSampleWorkspace(join(findAppRoot(), 'resources', 'sample'), resolve(target))
    terminal.out(resolve(target))
    return EXIT.done
  },
}
