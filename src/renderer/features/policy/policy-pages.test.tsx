import { renderToStaticMarkup } from 'react-dom/server'
import { beforeEach, expect, it } from 'vitest'
import { policyOverview, roleView } from '../../app/testing/policy-fixtures'
import { RecordedKernel } from '../../app/testing/recorded-kernel'
import { WindowContext } from '../../app/window-context'
import { createWindowModel } from '../../app/window-model'
import { GrantList } from './grant-list'
import { IgnoredFiles, Problems } from './policy-files'
import { PolicyNavigation } from './policy-navigation'
import { copyRole, edit, policyView } from './policy-store'

const SHIPPED = roleView('coder')
const OWN = roleView('mine', { source: 'user' })

beforeEach(() => policyView.setState(policyView.getInitialState(), true))

/** What a reader sees: the text of the markup, one line a block. */
function text(element: React.ReactNode): string {
  const model = createWindowModel(new RecordedKernel({}).connect)
  const html = renderToStaticMarkup(<WindowContext value={model}>{element}</WindowContext>)
  return html
    .replaceAll(/<\/(?:h\d|p|li|td|tr|button)>/g, '\n')
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll('&#x27;', "'")
    .replaceAll(/\n+/g, '\n')
    .trim()
}

it('lists shipped roles, own ones with their edits, and copies that were not saved', () => {
  const overview = policyOverview([SHIPPED, OWN], { problems: [{ path: '/home/me/policies/ops.json', message: 'no JSON' }] })
  copyRole(SHIPPED, overview.roles)
  edit('mine', OWN, { text: 'forbid (principal, action, resource);' })
  expect(
    text(<PolicyNavigation overview={overview} drafts={policyView.getState().drafts} page={{ page: 'grants' }} />).split('\n'),
  ).toEqual([
    'Shipped roles',
    'Title of coder',
    'Your roles',
    'Title of mineedited',
    'Title of coder, my ownnot saved',
    'In force beside them',
    'Permissions you gave0',
    'Ignored files0',
    'Problems1',
  ])
})

it('says of each permission what it permits, to whom and how long', () => {
  const grant = { id: 'g', action: 'net.egress' as const, pattern: '*.example.org:443', role: 'coder', scope: 'always' as const }
  const shown = text(
    <GrantList grants={[{ ...grant, createdAtMs: Date.now(), text: 'permit (principal, action, resource);' }]} folder="/f" />,
  )
  expect(shown).toContain('Connect to hosts *.example.org:443\nalways, role coder, given ')
  expect(text(<GrantList grants={[]} folder="/f" />)).toContain('No permission given')
})

it('names files that are ignored or broken, with the reason', () => {
  const ignored = [{ path: '.keyframe/policy.cedar', reason: 'Inside of the repository.' }]
  expect(text(<IgnoredFiles ignored={ignored} />)).toContain('.keyframe/policy.cedar\nInside of the repository.')
  const problems = [{ path: '/f/ops.json', message: 'no JSON (line 2, column 1)' }]
  expect(text(<Problems problems={problems} folder="/f" />)).toContain('/f/ops.json\nno JSON (line 2, column 1)')
  expect(text(<IgnoredFiles ignored={[]} />)).toContain('No ignored file')
  expect(text(<Problems problems={[]} folder="/f" />)).toContain('/f')
})
