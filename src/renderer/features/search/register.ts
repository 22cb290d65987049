import { Search, SlidersHorizontal } from 'lucide-react'
import { lazy } from 'react'
import type { FeatureModule } from '../../app/feature-module'
import { SearchPanel } from './search-panel'
import { search } from './search-store'

export const searchFeature: FeatureModule = {
  panels: [
    {
      id: 'search',
      title: 'Search',
      icon: Search,
      place: 'side',
      order: 15,
      openAtStart: false,
      key: 'Ctrl+Shift+S',
      followsFrame: true,
      component: SearchPanel,
    },
    {
      id: 'search-quality',
      title: 'Search quality',
      icon: SlidersHorizontal,
      place: 'centre',
      order: 60,
      openAtStart: false,
      listed: false,
      followsFrame: false,
      component: lazy(() => import('./search-quality')),
    },
  ],
  commands: (model) => [
    {
      id: 'search.now',
      title: 'Search: in the repository as it is now, or at the selected frame',
      reach: 'everywhere',
      run: () => {
        search.setState((state) => ({ asOf: state.asOf === 'frame' ? 'now' : 'frame' }))
        model.dock.open('search')
      },
    },
    {
      id: 'search.quality',
      title: 'Search: embeddings, weights and self-test',
      reach: 'everywhere',
      run: () => model.dock.open('search-quality'),
    },
  ],
}
