import {
  DockviewReact,
  type DockviewReadyEvent,
  type DockviewTheme,
  type IDockviewPanelHeaderProps,
  type IDockviewPanelProps,
} from 'dockview-react'
import { X } from 'lucide-react'
import { type FunctionComponent, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { Skeleton } from '../components/surfaces'
import { PanelBoundary } from './panel-boundary'
import type { PanelDefinition } from './panel-registry'
import { useIsPast, useWindow } from './window-context'

const THEME: DockviewTheme = {
  name: 'keyframe',
  className: 'dockview-theme-keyframe',
  gap: 0,
  dndTabIndicator: 'line',
  tabGroupIndicator: 'none',
}
const LAYOUT_KEY = 'layout'
const SAVE_AFTER_MS = 400

export function Dock({ panels }: { panels: readonly PanelDefinition[] }) {
  const { dock, link, notices } = useWindow()
  const loaded = useSavedLayout()
  const saving = useRef<ReturnType<typeof setTimeout> | null>(null)
  const components = useMemo(() => Object.fromEntries(panels.map((panel) => [panel.id, panelHost(panel)])), [panels])
  const tabs = useMemo(() => tabFor(panels), [panels])

  function ready({ api }: DockviewReadyEvent): void {
    dock.attach(api, panels)
    if (loaded.layout === null || !dock.restore(loaded.layout)) dock.reset()
    api.onDidLayoutChange(() => {
      if (saving.current !== null) clearTimeout(saving.current)
      saving.current = setTimeout(() => {
        const value = dock.save()
        if (value !== null && link.state.getState().phase === 'live') link.call('ui.set', { key: LAYOUT_KEY, value }).catch(notices.fail)
      }, SAVE_AFTER_MS)
    })
  }

  if (!loaded.done) {
    return (
      <main className="loading-dock" aria-label="Panels">
        <Skeleton rows={8} />
      </main>
    )
  }
  return (
    <main className="dock" aria-label="Panels">
      <DockviewReact theme={THEME} components={components} defaultTabComponent={tabs} onReady={ready} disableFloatingGroups={false} />
    </main>
  )
}

/** The remembered arrangement, asked for once after the first connection. */
function useSavedLayout(): { readonly done: boolean; readonly layout: string | null } {
  const { link, notices } = useWindow()
  const [loaded, setLoaded] = useState<{ done: boolean; layout: string | null }>({ done: false, layout: null })
  useEffect(() => {
    let asked = false
    const ask = (): void => {
      if (asked || link.state.getState().phase !== 'live') return
      asked = true
      link.call('ui.get', { key: LAYOUT_KEY }).then(
        ({ value }) => setLoaded({ done: true, layout: value }),
        (thrown: unknown) => {
          notices.fail(thrown)
          setLoaded({ done: true, layout: null })
        },
      )
    }
    ask()
    return link.state.subscribe(ask)
  }, [link, notices])
  return loaded
}

function panelHost(panel: PanelDefinition): FunctionComponent<IDockviewPanelProps> {
  const Content = panel.component
  return function PanelHost({ api, params }: IDockviewPanelProps) {
    const past = useIsPast()
    const [visible, setVisible] = useState(api.isVisible)
    useEffect(() => {
      const watching = api.onDidVisibilityChange((event) => setVisible(event.isVisible))
      return () => watching.dispose()
    }, [api])
    return (
      <div
        role="group"
        className="panel"
        aria-label={panel.title}
        tabIndex={-1}
        data-panel-id={api.id}
        data-past={past && panel.followsFrame}
      >
        <PanelBoundary title={panel.title}>
          <Suspense fallback={<Skeleton />}>
            <Content params={params} visible={visible} />
          </Suspense>
        </PanelBoundary>
      </div>
    )
  }
}

function tabFor(panels: readonly PanelDefinition[]): FunctionComponent<IDockviewPanelHeaderProps> {
  const icons = new Map(panels.map((panel) => [panel.id, panel.icon]))
  return function Tab({ api }: IDockviewPanelHeaderProps) {
    const [title, setTitle] = useState(api.title ?? '')
    useEffect(() => {
      const watching = api.onDidTitleChange((event) => setTitle(event.title))
      return () => watching.dispose()
    }, [api])
    const Icon = icons.get(api.component)
    return (
      <div
        className="tab"
        onAuxClick={(event) => {
          if (event.button === 1) api.close()
        }}
      >
        {Icon !== undefined && <Icon size={14} aria-hidden />}
        <span>{title}</span>
        {/* For the mouse only: a tab must hold no other control, and the keyboard has "Close panel". */}
        <span className="tab-close" aria-hidden onPointerDown={(event) => event.stopPropagation()} onClick={() => api.close()}>
          <X size={12} />
        </span>
      </div>
    )
  }
}
