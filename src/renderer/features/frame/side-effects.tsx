import { FileMinus, FilePen, FilePlus, FileCog, type LucideIcon, OctagonX } from 'lucide-react'
import type { Denial, FileChange, NetworkRequest, SideEffects } from '../../../shared/frames'
import { useWindow } from '../../app/window-context'
import { EnforcedMark } from '../../components/decision-list'
import { count, formatBytes } from '../../components/format'
import { ACTION_TITLE, DENIED_BY } from '../../components/policy-words'
import { UntrustedInline } from '../../components/untrusted-text'
import { visibleText } from '../../components/visible-text'

const FILE_ICON: Readonly<Record<FileChange['change'], LucideIcon>> = {
  created: FilePlus,
  changed: FilePen,
  deleted: FileMinus,
  mode: FileCog,
}
const FILES_AT_MOST = 400

/** What a call changed, left running, listened on and reached. */
export function EffectList({ effects }: { effects: SideEffects }) {
  const ports = effects.ports ?? []
  const network = effects.network ?? []
  const none = effects.files.length + effects.processes.length + ports.length + network.length === 0
  if (none) return <p className="muted">None: no file changed, nothing left running, no port opened, no connection.</p>
  return (
    <div className="effects">
      <FileChanges files={effects.files} />
      {effects.processes.length > 0 && (
        <ul aria-label="Left running">
          {effects.processes.map((process, index) => (
            <li key={index} className="effect">
              <span className="warning">still running</span> <UntrustedInline text={process} />
            </li>
          ))}
        </ul>
      )}
      {ports.length > 0 && (
        <ul aria-label="Ports">
          {ports.map((port) => (
            <li key={`${port.address} ${port.port}`} className="effect">
              <span className="muted">listens on</span>{' '}
              <span className="mono">
                {port.address}:{port.port}
              </span>{' '}
              {port.program !== null && <UntrustedInline text={port.program} />}
            </li>
          ))}
        </ul>
      )}
      <Requests network={network} />
    </div>
  )
}

export function FileChanges({ files }: { files: readonly FileChange[] }) {
  const model = useWindow()
  if (files.length === 0) return null
  return (
    <ul aria-label="Files">
      {files.slice(0, FILES_AT_MOST).map((file) => {
        const Icon = FILE_ICON[file.change]
        return (
          <li key={file.path} className="effect" data-change={file.change}>
            <Icon size={13} aria-hidden />
            <button type="button" className="link mono" onClick={() => model.showFile(file.path, null)}>
              {visibleText(file.path)}
            </button>
            <span className="faint">
              {file.change === 'mode' ? 'mode changed' : file.change}
              {file.sizeBytes !== undefined && `, ${formatBytes(file.sizeBytes)}`}
            </span>
          </li>
        )
      })}
      {files.length > FILES_AT_MOST && <li className="faint">and {count(files.length - FILES_AT_MOST, 'more file')}</li>}
      <li>
        <button type="button" className="link" onClick={() => model.dock.open('diff')}>
          Show the changes
        </button>
      </li>
    </ul>
  )
}

function Requests({ network }: { network: readonly NetworkRequest[] }) {
  if (network.length === 0) return null
  return (
    <ul aria-label="Network requests">
      {network.map((request, index) => (
        <li key={index} className="effect">
          <span className={request.allowed ? 'success' : 'danger'}>{request.allowed ? 'connected' : 'refused'}</span>
          <UntrustedInline text={`${request.host}:${request.port}`} />
          {request.address !== null && <span className="mono faint">{request.address}</span>}
          {request.count > 1 && <span className="faint">{count(request.count, 'time')}</span>}
          <span className="muted">{request.reason}</span>
        </li>
      ))}
    </ul>
  )
}

export function DenialList({ denials }: { denials: readonly Denial[] }) {
  return (
    <ul className="denials" aria-label="Denials">
      {denials.map((denial, index) => (
        <li key={index}>
          <OctagonX size={14} className="danger" aria-hidden />
          <div>
            <p>
              <span className="danger">{denial.action === null ? 'Refused' : `${ACTION_TITLE[denial.action]} refused`}</span>{' '}
              <UntrustedInline text={denial.resource} />
            </p>
            <p className="muted">
              {/[.!?]$/.test(denial.reason) ? denial.reason : `${denial.reason}.`}{' '}
              <span className="faint">Refused {DENIED_BY[denial.by]}.</span> <EnforcedMark by={denial.enforcedBy} />
            </p>
          </div>
        </li>
      ))}
    </ul>
  )
}
