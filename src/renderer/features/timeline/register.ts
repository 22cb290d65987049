import { GitCommitHorizontal } from 'lucide-react'
import type { FeatureModule } from '../../app/feature-module'
import { player } from './player'
import { TimelinePanel } from './timeline-panel'
import { timeline } from './timeline-store'

export const timelineFeature: FeatureModule = {
  panels: [
    {
      id: 'timeline',
      title: 'Timeline',
      icon: GitCommitHorizontal,
      place: 'timeline',
      order: 0,
      openAtStart: true,
      key: 'Ctrl+Shift+T',
      followsFrame: false,
      component: TimelinePanel,
    },
  ],
  commands: (model) => [
    { id: 'timeline.zoomIn', title: 'Timeline: zoom in', key: 'Plus', reach: 'free', run: () => timeline.zoom(1.5) },
    { id: 'timeline.zoomOut', title: 'Timeline: zoom out', key: '-', reach: 'free', run: () => timeline.zoom(1 / 1.5) },
    { id: 'timeline.fit', title: 'Timeline: show the whole run', key: '0', reach: 'free', run: () => timeline.fitAll() },
    { id: 'timeline.play', title: 'Timeline: play or stop', key: 'Space', reach: 'free', run: () => player.toggle(model) },
    {
      id: 'timeline.clearCompare',
      title: 'Timeline: clear the comparison mark',
      reach: 'everywhere',
      enabled: () => model.selection.getState().compareWith !== null,
      run: () => model.selection.setState({ compareWith: null }),
    },
  ],
}
