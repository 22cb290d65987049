import { Footprints, ScanLine } from 'lucide-react'
import type { FeatureModule } from '../../app/feature-module'
import { EffectsPanel } from './effects-panel'
import { FramePanel } from './frame-panel'

export const frameFeature: FeatureModule = {
  panels: [
    {
      id: 'frame',
      title: 'Frame',
      icon: ScanLine,
      place: 'bottom',
      order: 10,
      openAtStart: true,
      key: 'Ctrl+Shift+I',
      followsFrame: true,
      component: FramePanel,
    },
    {
      id: 'effects',
      title: 'Side effects',
      icon: Footprints,
      place: 'bottom',
      order: 12,
      openAtStart: true,
      followsFrame: true,
      component: EffectsPanel,
    },
  ],
}
