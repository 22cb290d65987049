import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { frame } from '../../app/testing/frame-fixtures'
import { HoverCard } from './hover-card'

it('is red for a denied call and says what was refused', () => {
  const denial = { by: 'files', action: 'fs.write', resource: '/etc/passwd', reason: 'It is not there.', enforcedBy: 'system' } as const
  const outcome = {
    tool: 'shell.exec',
    ok: true,
    output: null,
    text: '',
    sideEffects: { files: [], processes: [] },
    isolation: 'overlay',
    durationMs: 3,
  } as const
  const card = (denials: readonly (typeof denial)[]): string =>
    renderToStaticMarkup(
      <HoverCard
        frame={frame(4, 'b0', 'tool.outcome', { ...outcome, sideEffects: { files: [], processes: [] }, denials: [...denials] })}
        mark={null}
        x={0}
        widthPx={900}
      />,
    )
  expect(card([denial])).toContain('data-denied="true"')
  expect(card([denial]).replaceAll(/<[^>]+>/g, '')).toContain('Write files /etc/passwd')
  expect(card([])).toContain('data-denied="false"')
})
