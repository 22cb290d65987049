import { Waypoints } from 'lucide-react'
import { lazy } from 'react'
import type { FeatureModule } from '../../app/feature-module'
import { frameSymbols, symbolFrame } from './frame-symbols'
import { graph, reload, showFrameSymbols, showNode, toggleExpanded } from './graph-store'

export const graphFeature: FeatureModule = {
  panels: [
    {
      id: 'graph',
      title: 'Knowledge graph',
      icon: Waypoints,
      place: 'centre',
      order: 40,
      openAtStart: false,
      followsFrame: true,
      component: lazy(() => import('./graph-panel')),
    },
  ],
  start: (model) =>
    model.reveal.subscribe(({ symbol }, before) => {
      if (symbol !== null && symbol !== before.symbol) void showNode(model, symbol.id)
    }),
  commands: (model) => {
    const hasSelected = (): boolean => graph.getState().selected !== null
    return [
      {
        id: 'graph.open',
        title: 'Graph: find a symbol',
        key: 'Ctrl+Shift+G',
        reach: 'everywhere',
        run: () => {
          graph.setState({ mode: 'around' })
          model.dock.open('graph')
        },
      },
      {
        id: 'graph.trace',
        title: 'Graph: trace from one symbol to another',
        key: 'Ctrl+Alt+G',
        reach: 'everywhere',
        run: () => {
          graph.setState({ mode: 'trace' })
          model.dock.open('graph')
        },
      },
      {
        id: 'graph.query',
        title: 'Graph: write a query',
        key: 'Ctrl+Alt+Q',
        reach: 'everywhere',
        run: () => {
          graph.setState({ mode: 'query' })
          model.dock.open('graph')
        },
      },
      {
        id: 'graph.flow',
        title: 'Graph: follow a value',
        key: 'Ctrl+Alt+F',
        reach: 'everywhere',
        run: () => {
          graph.setState({ mode: 'flow' })
          model.dock.open('graph')
        },
      },
      {
        id: 'graph.asOf',
        title: 'Graph: as of the selected frame, or the repository as it is now',
        reach: 'everywhere',
        run: () => {
          graph.setState((state) => ({ asOf: state.asOf === 'frame' ? 'now' : 'frame' }))
          model.dock.open('graph')
        },
      },
      {
        id: 'graph.frame',
        title: 'Graph: show the symbols of this frame',
        key: 'Ctrl+Alt+S',
        reach: 'everywhere',
        enabled: () => {
          const point = model.point()
          return point !== null && frameSymbols(symbolFrame(model.run.store.getState().cache.frames, point.n)) !== null
        },
        run: () => {
          model.dock.open('graph')
          return showFrameSymbols(model)
        },
      },
      {
        id: 'graph.expand',
        title: 'Graph: expand or collapse the selected symbol',
        reach: 'everywhere',
        enabled: hasSelected,
        run: () => {
          const { selected } = graph.getState()
          return selected === null ? undefined : toggleExpanded(model, selected)
        },
      },
      {
        id: 'graph.view',
        title: 'Graph: show as graph or as table',
        reach: 'everywhere',
        run: () => {
          graph.setState((state) => ({ view: state.view === 'graph' ? 'table' : 'graph' }))
          model.dock.open('graph')
        },
      },
      { id: 'graph.reload', title: 'Graph: ask the index again', reach: 'everywhere', run: () => reload(model) },
    ]
  },
}
