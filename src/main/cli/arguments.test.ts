import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { approvalOption, integerOption, parseCommandArguments, repoFolder, requiredText, runIdOption } from './arguments'
import { type Command, type CommandInput, UsageError } from './command'

const command: Command = {
  usage: 'test',
  options: {
    repo: { type: 'string' },
    run: { type: 'string' },
    yes: { type: 'boolean' },
    deny: { type: 'boolean' },
    forks: { type: 'string' },
  },
  optionHelp: [],
  maxPositionals: 1,
  run: () => Promise.resolve(0),
}
const parse = (...args: string[]): CommandInput => parseCommandArguments(command, args)

describe('arguments', () => {
  it('splits options, positionals and what follows --', () => {
    expect(parse('--repo', 'a', 'NAME', '--yes', '--', 'ls', '--repo')).toMatchObject({
      options: { repo: 'a', yes: true },
      positionals: ['NAME'],
      rest: ['ls', '--repo'],
    })
  })
  it.each([
    [['--bogus'], "Unknown option '--bogus'"],
    [['a', 'b'], 'Unexpected argument "b".'],
    [['--yes=1'], "Option '--yes' does not take an argument"],
    [['--repo'], "Option '--repo <value>' argument missing"],
  ])('refuses %j', (args, message) => {
    expect(() => parse(...args)).toThrow(new UsageError(message))
  })
  it('takes whole numbers in their bounds only', () => {
    expect(integerOption(parse('--forks', '3'), 'forks', 1, 8)).toBe(3)
    expect(integerOption(parse(), 'forks', 1, 8)).toBeUndefined()
    for (const bad of ['0', '9', '3.5', '1e1', 'three', '']) {
      expect(() => integerOption(parse('--forks', bad), 'forks', 1, 8)).toThrow(UsageError)
    }
  })
  it('names what is missing', () => {
    expect(() => requiredText(parse(), 'repo')).toThrow(new UsageError('--repo is missing.'))
    expect(() => repoFolder('/no/such/folder')).toThrow(new UsageError('There is no folder /no/such/folder.'))
    expect(() => repoFolder('/etc/hostname')).toThrow(new UsageError('/etc/hostname is not a folder.'))
    expect(repoFolder(tmpdir())).toBe(tmpdir())
    expect(() => runIdOption(parse('--run', '../x'))).toThrow(UsageError)
  })
  it('decides beforehand one way only', () => {
    expect([approvalOption(parse()), approvalOption(parse('--yes')), approvalOption(parse('--deny'))]).toEqual(['ask', 'yes', 'deny'])
    expect(() => approvalOption(parse('--yes', '--deny'))).toThrow(UsageError)
  })
})
