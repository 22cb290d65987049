import { beforeEach, expect, it, vi } from 'vitest'
import { KeyframeError } from '../../../shared/failure'
import { roleView } from '../../app/testing/policy-fixtures'
import { RecordedKernel } from '../../app/testing/recorded-kernel'
import { createWindowModel, type WindowModel } from '../../app/window-model'
import { placeOf } from './failure-place'
import { copyRole, discard, edit, policyView, removeRole, saveRole, show, tryIt } from './policy-store'

const SHIPPED = roleView('coder')
const OWN = roleView('mine', { source: 'user' })

beforeEach(() => policyView.setState(policyView.getInitialState(), true))

async function modelOn(kernel: RecordedKernel): Promise<WindowModel> {
  const model = createWindowModel(kernel.connect)
  model.start()
  await vi.waitFor(() => expect(model.link.state.getState().phase).toBe('live'))
  return model
}

const sent = (kernel: RecordedKernel, method: string): unknown[] =>
  kernel.calls.filter((call) => call.method === method).map((call) => call.params)

it('writes nothing before a copy is saved, and shows the saved role after', async () => {
  const kernel = new RecordedKernel({ 'policy.saveRole': ({ settings, text }) => roleView(settings.id, { source: 'user', text }) })
  const model = await modelOn(kernel)
  copyRole(SHIPPED, [SHIPPED])
  expect(policyView.getState().shown).toEqual({ page: 'role', role: 'my-coder' })
  edit('my-coder', null, { id: 'docs-writer', text: 'forbid (principal, action, resource);' })
  expect(sent(kernel, 'policy.saveRole')).toEqual([])

  await saveRole(model, 'my-coder')
  expect(sent(kernel, 'policy.saveRole')).toEqual([
    {
      settings: { ...SHIPPED.settings, id: 'docs-writer', title: 'Title of coder, my own' },
      text: 'forbid (principal, action, resource);',
    },
  ])
  expect(policyView.getState()).toMatchObject({ shown: { page: 'role', role: 'docs-writer' }, drafts: new Map(), saving: false })
})

it('keeps the edit and says where it is wrong when a role is refused', async () => {
  const kernel = new RecordedKernel({
    'policy.saveRole': () => {
      throw new KeyframeError({ code: 'policy.invalid', message: 'unexpected token (line 3, column 5)', details: { line: 3, column: 5 } })
    },
  })
  const model = await modelOn(kernel)
  edit('mine', OWN, { text: 'broken' })
  await saveRole(model, 'mine')
  const { drafts, failures } = policyView.getState()
  expect(drafts.get('mine')?.text).toBe('broken')
  const failure = failures.get('mine')
  expect(failure === undefined ? null : placeOf(failure)).toEqual({ line: 3, column: 5 })

  edit('mine', OWN, { text: 'mended' })
  expect(policyView.getState().failures.size).toBe(0)
})

it('does not send settings that cannot be right', async () => {
  const kernel = new RecordedKernel({})
  const model = await modelOn(kernel)
  edit('mine', OWN, { title: '' })
  await saveRole(model, 'mine')
  expect(sent(kernel, 'policy.saveRole')).toEqual([])
})

it('leaves the page of a copy that is thrown away, and of a role that is removed', async () => {
  const kernel = new RecordedKernel({ 'policy.removeRole': () => ({}) })
  const model = await modelOn(kernel)
  copyRole(SHIPPED, [SHIPPED])
  discard('my-coder')
  expect(policyView.getState()).toMatchObject({ shown: null, drafts: new Map() })

  show({ page: 'role', role: 'mine' })
  edit('mine', OWN, { text: 'x' })
  await removeRole(model, 'mine')
  expect(policyView.getState()).toMatchObject({ shown: null, drafts: new Map() })
})

it('shows the answer to the last thing that was tried', async () => {
  const answers: ((outcome: 'allow' | 'deny') => void)[] = []
  const kernel = new RecordedKernel({
    'policy.check': ({ action, resource }) =>
      new Promise((resolve) => {
        answers.push((outcome) => resolve({ action, resource, outcome, policies: [], reason: '', enforcedBy: 'broker' }))
      }),
  })
  const model = await modelOn(kernel)
  policyView.setState({ resource: ' a.md ' })
  const first = tryIt(model, 'coder')
  policyView.setState({ resource: 'b.md' })
  const second = tryIt(model, 'coder')
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  answers[1]?.('deny')
  await second
  answers[0]?.('allow')
  await first
  expect(policyView.getState().check).toMatchObject({ status: 'answered', decision: { resource: 'b.md', outcome: 'deny' } })
  expect(sent(kernel, 'policy.check')[0]).toEqual({ role: 'coder', action: 'fs.write', resource: 'a.md' })
})
