import { Settings } from 'lucide-react'
import { lazy } from 'react'
import type { FeatureModule } from '../../app/feature-module'

export const settingsFeature: FeatureModule = {
  panels: [
    {
      id: 'settings',
      title: 'Settings',
      icon: Settings,
      place: 'centre',
      order: 90,
      openAtStart: false,
      key: 'Ctrl+,',
      followsFrame: false,
      component: lazy(() => import('./settings-panel')),
    },
  ],
}
