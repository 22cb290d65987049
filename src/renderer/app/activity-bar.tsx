import { Tooltip } from '@base-ui/react/tooltip'
import { useStore } from 'zustand'
import type { PanelDefinition } from './panel-registry'
import { useWindow } from './window-context'

export function ActivityBar({ panels }: { panels: readonly PanelDefinition[] }) {
  const { dock, inbox } = useWindow()
  const waiting = useStore(inbox.store, (state) => state.requests.length)
  const listed = panels.filter((panel) => panel.place !== 'timeline' && panel.listed !== false).toSorted((a, b) => rank(a) - rank(b))
  return (
    <nav className="activity-bar" aria-label="Panels">
      {listed.map((panel) => {
        const badge = panel.id === 'inbox' && waiting > 0 ? waiting : null
        const name = badge === null ? panel.title : `${panel.title}, ${badge} waiting`
        return (
          <div key={panel.id} style={panel.id === 'settings' ? { marginTop: 'auto' } : undefined}>
            <Tooltip.Root>
              <Tooltip.Trigger
                render={<button type="button" className="activity-button" aria-label={name} onClick={() => dock.open(panel.id)} />}
              >
                <panel.icon size={18} aria-hidden />
                {badge !== null && (
                  <span className="activity-count" aria-hidden>
                    {badge}
                  </span>
                )}
              </Tooltip.Trigger>
              <Tooltip.Portal>
                <Tooltip.Positioner side="right" sideOffset={6}>
                  <Tooltip.Popup className="popup tooltip">
                    {name} {panel.key !== undefined && <span className="kbd">{panel.key}</span>}
                  </Tooltip.Popup>
                </Tooltip.Positioner>
              </Tooltip.Portal>
            </Tooltip.Root>
          </div>
        )
      })}
    </nav>
  )
}

const PLACES = ['side', 'centre', 'agent', 'bottom', 'timeline']

function rank(panel: PanelDefinition): number {
  return (panel.id === 'settings' ? 1_000 : 0) + PLACES.indexOf(panel.place) * 100 + panel.order
}
