import { Dialog } from '@base-ui/react/dialog'
import { useState } from 'react'
import { useStore } from 'zustand'
import { count } from '../components/format'
import { FailureView, Skeleton } from '../components/surfaces'
import { NO_DIALOG } from './dialog-state'
import { useKernelQuery, useWindow } from './window-context'
import type { Point } from './window-model'

const MADE_BY = { agent: 'agent edit', shell: 'shell effect', human: 'your edit' } as const

export function RestoreDialog() {
  const model = useWindow()
  const dialog = useStore(model.dialog)
  const close = (): void => model.dialog.setState(NO_DIALOG, true)
  return (
    <Dialog.Root open={dialog.kind === 'restore'} onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="popup dialog">{dialog.kind === 'restore' && <RestoreForm at={dialog.at} onClose={close} />}</Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function RestoreForm({ at, onClose }: { at: Point; onClose: () => void }) {
  const model = useWindow()
  const [busy, setBusy] = useState(false)
  const preview = useKernelQuery(`${at.runId} ${at.branchId} ${at.n}`, (link, signal) =>
    link.call('branches.restorePreview', at, { signal }),
  )

  async function restore(): Promise<void> {
    setBusy(true)
    try {
      const { branchId } = await model.link.call('branches.restore', at)
      model.selection.setState({ branchId, frame: 'live', compareWith: null })
      onClose()
    } catch (thrown) {
      model.notices.fail(thrown)
      setBusy(false)
    }
  }

  return (
    <>
      <Dialog.Title render={<h2 />}>Restore to frame {at.n}</Dialog.Title>
      <Dialog.Description className="muted" render={<p />}>
        Makes a branch that starts at this frame. The line you leave stays on the timeline, so this can be undone.
      </Dialog.Description>
      {preview.status === 'failed' && <FailureView failure={preview.failure} onRetry={preview.reload} />}
      {preview.value === null && preview.status !== 'failed' && <Skeleton rows={3} />}
      {preview.value !== null && (
        <>
          <p>
            {preview.value.files.length === 0 ? 'No file differs.' : `${count(preview.value.files.length, 'file')} will differ:`}{' '}
            {preview.value.shellSessions > 0 && `${count(preview.value.shellSessions, 'shell session')} will be made again.`}
          </p>
          <ul className="mono" style={{ maxHeight: 240, overflow: 'auto' }}>
            {preview.value.files.map((file) => (
              <li key={file.path} style={{ display: 'flex', gap: 12, height: 22 }}>
                <span className="clip" style={{ flex: 1 }}>
                  {file.path}
                </span>
                <span className="muted">{file.change}</span>
                <span className={file.madeBy === 'human' ? 'warning' : 'faint'}>{MADE_BY[file.madeBy]}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className="button"
          data-tone="primary"
          disabled={busy || preview.value === null}
          onClick={() => void restore()}
        >
          Restore to frame {at.n}
        </button>
      </div>
    </>
  )
}
