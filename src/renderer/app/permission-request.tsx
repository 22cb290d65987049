import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { HumanAnswer } from '../../shared/frames'
import { type PermissionActions, PermissionPrompt } from '../components/permission-prompt'
import type { PendingRequest } from './inbox-store'
import { showPermission } from './permission-store'
import { useWindow } from './window-context'
import type { WindowModel } from './window-model'

export const PERMISSION_COMMANDS: Readonly<Record<keyof PermissionActions, string>> = {
  allowOnce: 'permission.allowOnce',
  allowRun: 'permission.allowRun',
  allowAlways: 'permission.allowAlways',
  deny: 'permission.deny',
}

/** Sends what a person decided. False when it did not arrive: the reason is told, and the inbox says what still waits. */
export async function answerRequest(
  model: WindowModel,
  request: PendingRequest,
  decision: Omit<HumanAnswer, 'requestId' | 'shown'>,
): Promise<boolean> {
  try {
    await model.link.call('humans.answer', {
      runId: request.runId,
      answer: { ...decision, requestId: request.requestId, shown: request.shown },
    })
    await model.inbox.refresh()
    return true
  } catch (thrown) {
    model.notices.fail(thrown)
    await model.inbox.refresh()
    return false
  }
}

/** A pending permission prompt in a panel. `visible`: the panel is in sight, so that commands may answer it. */
export function PermissionRequest({
  request,
  visible,
  onAnswered,
}: {
  request: PendingRequest
  visible: boolean
  onAnswered?: () => void
}) {
  const model = useWindow()
  const [busy, setBusy] = useState(false)
  const actions = useRef<PermissionActions>(null)
  const commands = useStore(model.commands.store, (state) => state.commands)
  const keymap = useStore(model.settings.store, (state) => state.keymap)
  const key = `${request.runId} ${request.requestId}`
  useEffect(() => {
    if (visible) return showPermission({ key, act: (action) => actions.current?.[action]() })
    return undefined
  }, [key, visible])
  const keyOf = (action: keyof PermissionActions): string | null => {
    const command = commands.find((candidate) => candidate.id === PERMISSION_COMMANDS[action])
    return command === undefined ? null : model.commands.keyOf(command, keymap)
  }
  if (request.authorize === undefined) return null
  return (
    <PermissionPrompt
      authorize={request.authorize}
      busy={busy}
      ref={actions}
      keys={{ allowOnce: keyOf('allowOnce'), allowRun: keyOf('allowRun'), allowAlways: keyOf('allowAlways'), deny: keyOf('deny') }}
      origin={
        <span className="muted">
          at{' '}
          <button type="button" className="link" onClick={() => model.select(request.frame, request.branchId)}>
            frame {request.frame}
          </button>{' '}
          on <code>{request.branchId}</code>
        </span>
      }
      onAnswer={(decision) => {
        setBusy(true)
        void answerRequest(model, request, decision).then((arrived) => {
          setBusy(false)
          if (arrived) onAnswered?.()
        })
      }}
    />
  )
}
