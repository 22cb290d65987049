import { Tooltip } from '@base-ui/react/tooltip'
import { PanelBoundary } from './panel-boundary'
import { Shell } from './shell'
import { WindowContext } from './window-context'
import type { WindowModel } from './window-model'

export function App({ model }: { model: WindowModel }) {
  return (
    <WindowContext value={model}>
      <Tooltip.Provider delay={400}>
        <PanelBoundary title="Window">
          <Shell />
        </PanelBoundary>
      </Tooltip.Provider>
    </WindowContext>
  )
}
