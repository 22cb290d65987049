import { History } from 'lucide-react'
import type { FeatureModule } from '../../app/feature-module'
import { RunsPanel } from './runs-panel'

export const runsFeature: FeatureModule = {
  panels: [
    {
      id: 'runs',
      title: 'Runs',
      icon: History,
      place: 'side',
      order: 0,
      openAtStart: true,
      key: 'Ctrl+Shift+R',
      followsFrame: false,
      component: RunsPanel,
    },
  ],
  commands: (model) => [
    {
      id: 'runs.refresh',
      title: 'Read the list of runs again',
      reach: 'everywhere',
      run: () => model.runs.refresh(),
    },
    {
      id: 'runs.new',
      title: 'Start a new run',
      key: 'Ctrl+Shift+N',
      reach: 'everywhere',
      run: () => {
        model.openRun(null)
        model.dock.open('agent')
      },
    },
  ],
}
