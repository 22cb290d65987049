import { test as base, expect } from '@playwright/test'
import { KeyframeWindow } from './keyframe-window'
import { createWorkspace, type Served, type Workspace } from './workspace'

export const RENAME_TASK = 'rename symbol applyDiscount to discountFor'

/** A workspace with one finished run, served; shared by the journeys that only look. */
export interface FinishedRun {
  readonly workspace: Workspace
  readonly served: Served
  readonly runId: string
  /** `name=value` of the session, got for the printed address. */
  readonly cookie: string
}

interface PageFixtures {
  /** A fresh sample workspace that this journey may change. */
  readonly workspace: Workspace
  readonly window: KeyframeWindow
  /** Messages of the console that a journey expects; any other error fails it. */
  readonly expectedErrors: RegExp[]
  /** The window on the shared workspace, signed in, with the finished run open. */
  readonly finished: FinishedRun & { readonly window: KeyframeWindow }
}

export const test = base.extend<PageFixtures, { finishedRun: FinishedRun }>({
  // Playwright reads the names of the fixtures from this pattern.
  // oxlint-disable-next-line no-empty-pattern
  workspace: async ({}, use) => {
    const workspace = await createWorkspace()
    await use(workspace)
    await workspace.dispose()
  },
  // oxlint-disable-next-line no-empty-pattern
  expectedErrors: async ({}, use) => use([]),
  window: async ({ page, expectedErrors }, use) => {
    const errors: string[] = []
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    page.on('pageerror', (error) => errors.push(`${error.name}: ${error.message}\n${error.stack ?? ''}`))
    await use(new KeyframeWindow(page))
    expect(errors.filter((error) => !expectedErrors.some((expected) => expected.test(error)))).toEqual([])
  },
  finished: async ({ finishedRun, window, context }, use) => {
    await context.addCookies([cookieOf(finishedRun)])
    await window.open(finishedRun.served.origin)
    await window.command('Reset the layout')
    await expect(window.openTask).toHaveText(RENAME_TASK)
    await use({ ...finishedRun, window })
  },
  finishedRun: [
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const workspace = await createWorkspace()
      const { runId } = await workspace.json<{ runId: string }>('run', '--repo', workspace.repo, '--task', RENAME_TASK, '--yes')
      const served = await workspace.serve()
      const signedIn = await fetch(served.address, { redirect: 'manual' })
      const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      await use({ workspace, served, runId, cookie })
      await workspace.dispose()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
})

export { expect }

function cookieOf({ cookie, served }: FinishedRun): { name: string; value: string; url: string } {
  const at = cookie.indexOf('=')
  return { name: cookie.slice(0, at), value: cookie.slice(at + 1), url: served.origin }
}
