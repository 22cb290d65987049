import { expect, it } from 'vitest'
import { roleView } from '../../app/testing/policy-fixtures'
import { copyOf, draftOf, isChanged, isOvertaken, settingsOf } from './role-draft'

const SHIPPED = roleView('refactorer', { settings: { limits: { maxMemoryBytes: 8_589_934_592 } } })
const OWN = roleView('my-refactorer', { source: 'user', settings: { limits: { maxCpuSeconds: 90 } } })

it('copies a role under the first free name, to be saved as it is', () => {
  const draft = copyOf(SHIPPED, new Set(['refactorer', 'my-refactorer', 'my-refactorer-2']))
  expect(draft).toMatchObject({ id: 'my-refactorer-3', title: 'Title of refactorer, my own', base: null, text: SHIPPED.text })
  expect(settingsOf(draft).settings).toEqual({ ...SHIPPED.settings, id: 'my-refactorer-3', title: draft.title })
  expect(isChanged(draft)).toBe(true)
})

it('keeps what the form does not show', () => {
  const view = roleView('reviewer', { settings: { workspace: 'read-write' } })
  expect(settingsOf(copyOf(view, new Set())).settings).toMatchObject({ workspace: 'read-write' })
})

it('reads limits in the units of the form, and leaves the default for an empty one', () => {
  const draft = draftOf(OWN)
  expect(draft.limits).toMatchObject({ maxCpuSeconds: '90', maxMemoryBytes: '' })
  const typed = { ...draft, limits: { ...draft.limits, maxCpuSeconds: ' ', maxMemoryBytes: '1.5', maxFiles: '20' } }
  expect(settingsOf(typed).settings?.limits).toEqual({ maxMemoryBytes: 1_572_864, maxFiles: 20 })
})

it('says by field what is wrong', () => {
  const draft = draftOf(OWN)
  const { settings, problems } = settingsOf({
    ...draft,
    id: 'My Role',
    title: '',
    limits: { ...draft.limits, maxProcesses: '-3', maxFiles: 'x' },
  })
  expect(settings).toBeNull()
  expect([...problems.keys()].sort()).toEqual(['id', 'maxFiles', 'maxProcesses', 'title'])
})

it('knows edits, and edits by somebody else', () => {
  const draft = draftOf(OWN)
  expect([isChanged(draft), isChanged({ ...draft, text: `${draft.text}\n` })]).toEqual([false, true])
  expect([isOvertaken(draft, OWN), isOvertaken(draft, { ...OWN, text: 'other' }), isOvertaken(copyOf(OWN, new Set()), OWN)]).toEqual([
    false,
    true,
    false,
  ])
})
