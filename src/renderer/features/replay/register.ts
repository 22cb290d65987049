import { RotateCcwSquare } from 'lucide-react'
import { lazy } from 'react'
import type { FeatureModule } from '../../app/feature-module'
import { startReplay } from './replay-store'

export const replayFeature: FeatureModule = {
  panels: [
    {
      id: 'replay',
      title: 'Replay',
      icon: RotateCcwSquare,
      place: 'bottom',
      order: 40,
      openAtStart: false,
      followsFrame: false,
      component: lazy(() => import('./replay-panel')),
    },
  ],
  commands: (model) => [
    {
      id: 'replay.exact',
      title: 'Replay this run exactly and compare',
      key: 'Ctrl+Shift+Y',
      reach: 'everywhere',
      enabled: () => model.selection.getState().runId !== null,
      run: () => {
        model.dock.open('replay')
        return startReplay(model)
      },
    },
  ],
}
