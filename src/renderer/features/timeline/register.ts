import { CircleDot, GitCommitHorizontal } from 'lucide-react'
import type { FeatureModule } from '../../app/feature-module'
import { followAnnotations } from './annotations-store'
import { BreakpointsPanel } from './breakpoints-panel'
import { player } from './player'
import { timelineCommands } from './timeline-commands'
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
    {
      id: 'breakpoints',
      title: 'Breakpoints',
      icon: CircleDot,
      place: 'side',
      order: 25,
      openAtStart: false,
      key: 'Shift+F9',
      followsFrame: true,
      component: BreakpointsPanel,
    },
  ],
  start: followAnnotations,
  commands: (model) => [
    ...timelineCommands(model),
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
