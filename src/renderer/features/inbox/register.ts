import { Inbox, MessageCircleQuestionMark } from 'lucide-react'
import { lazy } from 'react'
import type { FeatureModule } from '../../app/feature-module'
import { InboxPanel } from './inbox-panel'
import { keyOf, paramsOf } from './request-words'

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
    // A question of the run that is open comes to the front by itself, without taking the focus.
    return model.inbox.store.subscribe(({ requests }) => {
      const { runId } = model.selection.getState()
      const fresh = requests.find((request) => request.runId === runId && !seen.has(keyOf(request)))
      for (const request of requests) if (request.runId === runId) seen.add(keyOf(request))
      if (fresh !== undefined) model.dock.open('request', { params: paramsOf(fresh), focus: false })
    })
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
  ],
}
