import { X } from 'lucide-react'
import { useEffect } from 'react'
import { useStore } from 'zustand'
import { IconButton } from '../components/icon-button'
import type { Notice } from './notices-store'
import { useWindow } from './window-context'

const SHOWN_MS = 7_000

export function Notices() {
  const { notices } = useWindow()
  const shown = useStore(notices.store, (state) => state.notices)
  return (
    <div className="notices" role="region" aria-label="Notices">
      {shown.map((notice) => (
        <NoticeView key={notice.id} notice={notice} onDismiss={() => notices.dismiss(notice.id)} />
      ))}
    </div>
  )
}

function NoticeView({ notice, onDismiss }: { notice: Notice; onDismiss: () => void }) {
  useEffect(() => {
    if (notice.level === 'error') return
    const timer = setTimeout(onDismiss, SHOWN_MS)
    return () => clearTimeout(timer)
  }, [notice, onDismiss])
  return (
    <div className="popup notice" data-level={notice.level} role={notice.level === 'error' ? 'alert' : 'status'}>
      <div>
        <p>{notice.message}</p>
        {notice.action !== null && <p className="muted">{notice.action}</p>}
        {notice.button !== null && (
          <button
            type="button"
            className="button"
            onClick={() => {
              onDismiss()
              notice.button?.run()
            }}
          >
            {notice.button.label}
          </button>
        )}
      </div>
      <IconButton icon={X} label="Dismiss" onClick={onDismiss} />
    </div>
  )
}
