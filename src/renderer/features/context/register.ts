import { Layers } from 'lucide-react'
import type { FeatureModule } from '../../app/feature-module'
import { ContextPanel } from './context-panel'

export const contextFeature: FeatureModule = {
  panels: [
    {
      id: 'context',
      title: 'Context',
      icon: Layers,
      place: 'centre',
      order: 10,
      openAtStart: true,
      key: 'Ctrl+Shift+X',
      followsFrame: true,
      component: ContextPanel,
    },
  ],
}
