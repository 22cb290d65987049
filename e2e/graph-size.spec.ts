import type { Locator, Page } from '@playwright/test'
import { expect, test } from './journey'

const MANY = 5_000
const BIG_QUERY = 'MATCH (a)-[r]->(b) RETURN a, r, b'

/** Answers one query with a graph that no sample has; everything else goes to the kernel. */
async function answerWithMany(page: Page): Promise<void> {
  const nodes = Array.from({ length: MANY }, (_, index) => ({
    id: `src/part-${index % 97}/file-${index % 400}.ts#thing${index}`,
    kind: (['function', 'method', 'class', 'table', 'service', 'env_var', 'adr', 'owner', 'incident'] as const)[index % 9],
    name: `thing${index}`,
    path: `src/part-${index % 97}/file-${index % 400}.ts`,
    ...{ startLine: 1, endLine: 9, nameLine: 1, nameColumn: 0, exported: true, signature: `thing${index}()` },
  }))
  // Everything is used by something before it, some by three: a thing that is near is likelier.
  const edges = nodes.flatMap((node, index) =>
    [Math.floor(index / 6), Math.max(0, index - 37), (index * 7919 + 13) % Math.max(1, index)]
      .slice(0, index % 2 === 0 ? 3 : 1)
      .flatMap((from) =>
        from < index ? [{ from: nodes[from]?.id ?? '', to: node.id, kind: 'calls', confidence: 1, method: 'import', line: 1 }] : [],
      ),
  )
  const result = {
    columns: ['n'],
    rows: nodes.map(({ id }) => [{ is: 'node', id }]),
    nodes,
    edges,
    truncated: false,
    limit: null,
    durationMs: 1,
  }
  await page.routeWebSocket(/\/kernel$/, (socket) => {
    const kernel = socket.connectToServer()
    socket.onMessage((message) => {
      const call = JSON.parse(String(message)) as { type: string; id: number; method?: string; params?: { cypher?: string } }
      if (call.method === 'graph.query' && call.params?.cypher === BIG_QUERY)
        socket.send(JSON.stringify({ type: 'result', id: call.id, result }))
      else kernel.send(message)
    })
  })
}

/** Frames per second, and the longest wait for one, while the wheel moves the picture at every frame. */
function whileMoving(picture: Locator): Promise<{ frames: number; longestMs: number }> {
  return picture.locator('.react-flow__pane').evaluate(
    (pane) =>
      new Promise((done) => {
        const waits: number[] = []
        let before = performance.now()
        const tick = (at: number): void => {
          waits.push(at - before)
          before = at
          const step = waits.length
          if (step > 90) {
            const all = waits.slice(1).reduce((sum, wait) => sum + wait, 0)
            done({ frames: Math.round(((waits.length - 1) * 1000) / all), longestMs: Math.round(Math.max(...waits.slice(1))) })
            return
          }
          const way = { deltaX: step % 60 < 30 ? 24 : -24, deltaY: step % 30 < 15 ? 16 : -16 }
          pane.dispatchEvent(new WheelEvent('wheel', { ...way, bubbles: true, cancelable: true }))
          requestAnimationFrame(tick)
        }
        requestAnimationFrame(tick)
      }),
  )
}

// A trace copies every element at each step, which is what would be measured.
test.use({ trace: 'off' })

test('5,000 nodes are seen from afar and from near, moved, chosen and listed', async ({ finished }, info) => {
  const { window } = finished
  const { page } = window
  await answerWithMany(page)
  await page.setViewportSize({ width: 1920, height: 1080 })
  await page.reload()
  await expect(window.status).toContainText('connected')
  await window.command('Reset the layout')
  await window.press('Ctrl+Alt+Q')
  const editor = window.panel('Knowledge graph').getByRole('textbox', { name: 'Cypher query' })
  await editor.fill(BIG_QUERY)
  await editor.press('Control+Enter')
  const graph = window.panel('Knowledge graph')
  await expect(graph).toContainText('5,000 rows')
  await window.command('Maximise panel, or put it back')
  const picture = graph.locator('.graph-canvas[data-big="true"]')
  await expect(picture).toBeVisible()
  await expect(graph.locator('.symbol-node')).toHaveCount(0)
  const far = await whileMoving(picture)

  // Near, names can be read and only what is in view has elements.
  await picture.locator('.react-flow').focus()
  for (let step = 0; step < 20 && (await graph.locator('.symbol-node').count()) === 0; step += 1) await window.press('+')
  await expect(graph.locator('.symbol-node').first()).toBeVisible()
  expect(await graph.locator('.symbol-node').count()).toBeLessThan(1_000)
  const near = await whileMoving(picture)
  info.annotations.push({ type: 'panning', description: JSON.stringify({ far, near }) })

  await window.press('Home', 'ArrowRight')
  await expect(graph.getByRole('complementary', { name: 'Details' })).toContainText('thing')
  await window.command('Graph: show as graph or as table')
  await expect(graph.getByRole('grid', { name: 'Rows' })).toHaveAttribute('aria-rowcount', '5001')
})
