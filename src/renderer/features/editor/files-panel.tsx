import { useVirtualizer } from '@tanstack/react-virtual'
import { ChevronRight, CopyMinus, File, FileX, Filter, Folder, FolderOpen, Link2 } from 'lucide-react'
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react'
import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import './files.css'
import { filesView } from './files-store'
import { buildTree, type FileStatus, filterTree, type TreeNode, type TreeRow, visibleRows } from './tree-rows'
import { useFilesPoint, useTree } from './use-files'

const ROW_PX = 22
const INDENT_PX = 14
const MARK: Readonly<Record<Exclude<FileStatus, 'same'>, string>> = { created: 'A', changed: 'M', deleted: 'D' }

/** The files of the branch as of the selected frame. */
export function FilesPanel({ visible }: PanelProps) {
  const model = useWindow()
  const at = useFilesPoint()
  const tree = useTree()
  const { text, changedOnly } = useStore(filesView.store)
  const nodes = useMemo(() => buildTree(tree.value ?? []), [tree.value])
  const shown = useMemo(() => filterTree(nodes, { text, changedOnly }), [nodes, text, changedOnly])
  const changed = useMemo(
    () => (tree.value ?? []).filter((entry) => entry.type !== 'directory' && entry.status !== 'same').length,
    [tree.value],
  )

  if (at === null) {
    return (
      <EmptyState
        title="No run is open"
        action={
          <button type="button" className="button" data-tone="primary" onClick={() => model.commands.run('panel.runs')}>
            Show runs
          </button>
        }
      >
        Files are shown as they were at a frame of a run. Open a run, or start one.
      </EmptyState>
    )
  }
  return (
    <>
      <div className="toolbar">
        <input
          className="field"
          type="search"
          aria-label="Filter files"
          placeholder="Filter files"
          value={text}
          onChange={(event) => filesView.setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown') return
            event.preventDefault()
            event.currentTarget.closest('.panel')?.querySelector<HTMLElement>('[role="tree"]')?.focus()
          }}
        />
        <IconButton icon={Filter} label="Changed files only" pressed={changedOnly} onClick={() => filesView.toggleChangedOnly()} />
        <IconButton icon={CopyMinus} label="Close all folders" onClick={() => filesView.collapseAll()} />
      </div>
      {tree.status === 'failed' && <FailureView failure={tree.failure} onRetry={tree.reload} />}
      {tree.value === null && tree.status !== 'failed' && <Skeleton rows={10} />}
      {tree.value !== null && shown.length === 0 && (
        <EmptyState title="No file to show">
          {changedOnly && changed === 0 ? 'No file differs from the base of the run at this frame.' : 'No file matches the filter.'}
        </EmptyState>
      )}
      {visible && shown.length > 0 && <FileTree nodes={shown} allOpen={text.trim() !== '' || changedOnly} />}
      {tree.value !== null && (
        <div className="files-foot">
          <span>{count(tree.value.filter((entry) => entry.type !== 'directory').length, 'file')}</span>
          {changed > 0 && (
            <button type="button" className="link" onClick={() => model.commands.run('diff.open')}>
              {count(changed, 'change')}
            </button>
          )}
        </div>
      )}
    </>
  )
}

function FileTree({ nodes, allOpen }: { nodes: readonly TreeNode[]; allOpen: boolean }) {
  const model = useWindow()
  const { open, cursor } = useStore(filesView.store)
  const rows = useMemo(() => visibleRows(nodes, (path) => allOpen || open.has(path)), [nodes, allOpen, open])
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 16 })
  const index = rows.findIndex((row) => row.node.path === cursor)

  const revealed = useRef<string | null>(null)
  useEffect(() => {
    if (cursor === revealed.current || index < 0) return
    revealed.current = cursor
    virtual.scrollToIndex(index, { align: 'auto' })
  }, [cursor, index, virtual])

  function show(node: TreeNode): void {
    if (node.status === 'deleted') model.dock.open('diff', { params: { path: node.path } })
    else model.showFile(node.path, null)
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const row = rows[index]
    const to = nextIndex(event.key, rows, index)
    if (to !== null) {
      event.preventDefault()
      const target = rows[Math.max(0, Math.min(rows.length - 1, to))]
      if (target !== undefined) filesView.setCursor(target.node.path)
      return
    }
    if (row === undefined) return
    const toggles = row.node.isFolder && { ArrowRight: true, ArrowLeft: false, Enter: !row.open, ' ': !row.open }[event.key]
    if (typeof toggles === 'boolean') filesView.setOpen(row.node.path, toggles)
    else if (!row.node.isFolder && (event.key === 'Enter' || event.key === ' ')) show(row.node)
    else return
    event.preventDefault()
  }

  return (
    <div
      ref={scroller}
      className="file-tree"
      role="tree"
      aria-label="Files of the frame"
      tabIndex={0}
      data-autofocus
      aria-activedescendant={index < 0 ? undefined : `file-row-${index}`}
      onKeyDown={onKeyDown}
    >
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((place) => {
          const row = rows[place.index]
          if (row === undefined) return null
          const { node } = row
          return (
            <div
              key={node.path}
              id={`file-row-${place.index}`}
              className="file-row"
              role="treeitem"
              aria-level={row.depth + 1}
              aria-posinset={row.position}
              aria-setsize={row.siblings}
              aria-expanded={node.isFolder ? row.open : undefined}
              aria-selected={node.path === cursor}
              data-status={node.status}
              data-folder={node.isFolder}
              title={node.status === 'same' ? node.path : `${node.path}, ${node.status}${node.isFolder ? ' below' : ''}`}
              style={{ top: place.start, height: ROW_PX, paddingLeft: 6 + row.depth * INDENT_PX }}
              onClick={() => {
                filesView.setCursor(node.path)
                if (node.isFolder) filesView.setOpen(node.path, !row.open)
                else show(node)
              }}
            >
              <RowIcon row={row} />
              <span className="clip file-name">{node.name}</span>
              {node.status !== 'same' && (
                <span className="file-mark" aria-label={node.status}>
                  {node.isFolder ? '•' : MARK[node.status]}
                </span>
              )}
            </div>
          )
        })}
      </div>
    </div>
  )
}

function RowIcon({ row }: { row: TreeRow }) {
  const { node, open } = row
  if (node.isFolder) {
    const Icon = open ? FolderOpen : Folder
    return (
      <>
        <ChevronRight size={12} aria-hidden className="file-twist" data-open={open} />
        <Icon size={14} aria-hidden className="file-icon" />
      </>
    )
  }
  const Icon = node.status === 'deleted' ? FileX : node.entry?.type === 'symlink' ? Link2 : File
  return <Icon size={14} aria-hidden className="file-icon file-leaf" />
}

/** Where a key moves the cursor, as an index that may lie outside; null when the key does not move it. */
function nextIndex(key: string, rows: readonly TreeRow[], index: number): number | null {
  const row = rows[index]
  switch (key) {
    case 'ArrowDown':
      return index + 1
    case 'ArrowUp':
      return Math.max(0, index - 1)
    case 'PageDown':
      return index + 20
    case 'PageUp':
      return index - 20
    case 'Home':
      return 0
    case 'End':
      return rows.length - 1
    case 'ArrowRight':
      return row?.open === true && row.node.children.length > 0 ? index + 1 : null
    case 'ArrowLeft': {
      if (row === undefined || row.open || row.depth === 0) return null
      return rows.findLastIndex((candidate, at) => at < index && candidate.depth === row.depth - 1)
    }
    default:
      return null
  }
}
