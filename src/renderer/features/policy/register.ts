import { ShieldCheck } from 'lucide-react'
import { lazy } from 'react'
import type { FeatureModule } from '../../app/feature-module'

export const policyFeature: FeatureModule = {
  panels: [
    {
      id: 'policy',
      title: 'Policy',
      icon: ShieldCheck,
      place: 'centre',
      order: 40,
      openAtStart: false,
      key: 'Ctrl+Shift+K',
      followsFrame: false,
      component: lazy(() => import('./policy-panel')),
    },
  ],
  commands: (model) => [
    { id: 'policy.show', title: 'Policy: Show', reach: 'everywhere', run: () => model.dock.open('policy') },
    {
      id: 'policy.grants',
      title: 'Policy: Show the permissions you gave',
      reach: 'everywhere',
      run: () => model.dock.open('policy', { params: { page: 'grants' } }),
    },
  ],
}
