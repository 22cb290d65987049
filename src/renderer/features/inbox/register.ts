import { Inbox, MessageCircleQuestionMark } from 'lucide-react'
import { lazy } from 'react'
import type { FeatureModule } from '../../app/feature-module'
import { PERMISSION_COMMANDS } from '../../app/permission-request'
import { shownPermissions } from '../../app/permission-store'
import type { PermissionActions } from '../../components/permission-prompt'
import { InboxPanel } from './inbox-panel'
import { keyOf, paramsOf } from './request-words'

/** A panel that can be seen has drawn a question of the run by then. */
const DRAWN_WITHIN_MS = 250

const PERMISSION_KEYS: readonly { readonly action: keyof PermissionActions; readonly title: string; readonly key: string | null }[] = [
  { action: 'allowOnce', title: 'Permission: allow once', key: 'Alt+Enter' },
  { action: 'allowRun', title: 'Permission: allow for this run', key: 'Alt+Shift+Enter' },
  { action: 'allowAlways', title: 'Permission: always allow the pattern', key: null },
  { action: 'deny', title: 'Permission: deny', key: 'Alt+Backspace' },
]

export const inboxFeature: FeatureModule = {
  panels: [
    {
      id: 'inbox',
      title: 'Inbox',
      icon: Inbox,
      place: 'side',
      order: 20,
      openAtStart: true,
      key: 'Ctrl+Shift+U',
      followsFrame: false,
      component: InboxPanel,
    },
    {
      id: 'request',
      title: 'Question',
      icon: MessageCircleQuestionMark,
      place: 'centre',
      order: 5,
      openAtStart: false,
      listed: false,
      followsFrame: false,
      component: lazy(() => import('./request-panel')),
    },
  ],
  start: (model) => {
    const seen = new Set<string>()
    let timer: ReturnType<typeof setTimeout> | undefined
    // A question of the run that is open comes to the front by itself, without taking the focus.
    const stop = model.inbox.store.subscribe(({ requests }) => {
      const { runId } = model.selection.getState()
      const fresh = requests.find((request) => request.runId === runId && !seen.has(keyOf(request)))
      for (const request of requests) if (request.runId === runId) seen.add(keyOf(request))
      if (fresh === undefined) return
      const bring = (): void => model.dock.open('request', { params: paramsOf(fresh), focus: false })
      if (fresh.authorize === undefined) return bring()
      // Permission is asked for beside the conversation where that can be seen; otherwise here.
      clearTimeout(timer)
      timer = setTimeout(() => {
        if (shownPermissions.getState().prompts.length === 0) bring()
      }, DRAWN_WITHIN_MS)
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  },
  commands: (model) => [
    {
      id: 'inbox.answerNext',
      title: 'Answer the next question',
      key: 'Ctrl+Shift+Enter',
      reach: 'everywhere',
      enabled: () => model.inbox.store.getState().requests.length > 0,
      run: () => {
        const next = model.inbox.store.getState().requests[0]
        if (next !== undefined) model.dock.open('request', { params: paramsOf(next) })
      },
    },
    ...PERMISSION_KEYS.map(({ action, title, key }) => ({
      id: PERMISSION_COMMANDS[action],
      title,
      ...(key === null ? {} : { key }),
      reach: 'free' as const,
      enabled: () => shownPermissions.getState().prompts.length > 0,
      run: () => shownPermissions.getState().prompts.at(-1)?.act(action),
    })),
  ],
}
