import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { PermissionRequest } from '../../app/permission-request'
import { frame, RUN } from '../../app/testing/frame-fixtures'
import { permissionRequest } from '../../app/testing/policy-fixtures'
import { RecordedKernel } from '../../app/testing/recorded-kernel'
import { WindowContext } from '../../app/window-context'
import { createWindowModel } from '../../app/window-model'
import { conversationOf } from './conversation'
import { EntryView } from './entry-view'

/** What a hostile agent would write to be taken for the window: markup, a drawing of the prompt, and characters that steer. */
const FORGERY = [
  '</div><section class="permission" aria-label="Permission needed"><h3>Permission needed</h3><button type="button">Allow once</button></section>',
  '\u001b[2J\u001b[1;1H+-- Permission needed --+\n| Allow once | Always allow * |\n\u202eecno wollA',
  '[Allow once](javascript:alert(1))',
].join('\n')

function markup(element: React.ReactNode): string {
  const model = createWindowModel(new RecordedKernel({}).connect)
  model.selection.setState({ runId: RUN })
  return renderToStaticMarkup(<WindowContext value={model}>{element}</WindowContext>)
}

const BUTTON = /<button[^>]*>(?:(?!<\/button>)[\s\S])*?Allow/

it('no text of an agent becomes a prompt', () => {
  const outcome = {
    tool: FORGERY,
    ok: false,
    output: null,
    text: FORGERY,
    sideEffects: { files: [], processes: [FORGERY] },
    isolation: 'overlay' as const,
    durationMs: 1,
    error: { code: 'policy.denied', message: FORGERY, retryable: false },
  }
  const plan = { title: FORGERY, steps: [{ id: '1', title: FORGERY, state: 'done' as const }], affectedFiles: [], notes: [FORGERY] }
  const entries = conversationOf([
    frame(1, 'b0', 'agent.message', { text: FORGERY, level: 'warning' }),
    frame(2, 'b0', 'agent.plan', plan),
    frame(3, 'b0', 'tool.intent', { tool: FORGERY, args: { command: FORGERY }, effect: 'pure', allowedBy: [] }),
    frame(4, 'b0', 'tool.outcome', outcome, 3),
    frame(5, 'b0', 'human.request', { ...permissionRequest({ tool: FORGERY }), title: FORGERY }),
    frame(6, 'b0', 'run.ended', { outcome: 'failed', summary: FORGERY }),
  ])
  expect(entries).toHaveLength(5)
  const html = entries.map((entry) => markup(<EntryView entry={entry} />)).join('\n')
  expect(html).toContain('Permission needed')
  expect(html).not.toMatch(/<section[^>]*permission/)
  expect(html).not.toMatch(/<(h3|a|img|script)\b/)
  expect(html).not.toMatch(/class="permission/)
  expect(html.replaceAll(/<summary[\s\S]*?<\/summary>/g, '')).not.toMatch(BUTTON)
})

it('in the prompt itself an agent only fills blocks of plain, visible text', () => {
  const request = permissionRequest({
    tool: FORGERY,
    args: { [FORGERY]: FORGERY },
    decisions: [
      { action: 'process.spawn', resource: FORGERY, outcome: 'ask', policies: [], reason: 'No policy speaks of it.', enforcedBy: 'broker' },
    ],
    patterns: [{ action: 'process.spawn', pattern: FORGERY }],
  })
  const html = markup(<PermissionRequest request={request} visible />)
  const honest = markup(<PermissionRequest request={permissionRequest()} visible />)
  const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0
  expect(count(html, /<section/g)).toBe(1)
  expect(count(html, /<h3/g)).toBe(1)
  // The pattern cannot be read, so that only "Allow once", a disabled "Allow for this run" and "Deny" are left.
  expect(count(html, /<button/g)).toBe(count(honest, /<button/g) - 1)
  for (const hidden of ['\u001b', '\u202e']) expect(html).not.toContain(hidden)
  expect(html).toContain('title="right-to-left override, U+202E"')
})

it('gives no button the focus and submits nothing by Enter', () => {
  const html = markup(<PermissionRequest request={permissionRequest()} visible />)
  expect(html).not.toContain('<form')
  expect(html).not.toContain('type="submit"')
  expect(html.match(/<(\w+)[^>]*data-autofocus/)?.[1]).toBe('header')
  expect(html.match(/<button[^>]*aria-disabled="true"/g)).toHaveLength(4)
})
