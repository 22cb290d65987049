import { Bot } from 'lucide-react'
import type { FeatureModule } from '../../app/feature-module'
import { AgentPanel } from './agent-panel'

export const agentFeature: FeatureModule = {
  panels: [
    {
      id: 'agent',
      title: 'Agent',
      icon: Bot,
      place: 'agent',
      order: 0,
      openAtStart: true,
      key: 'Ctrl+Shift+A',
      followsFrame: true,
      component: AgentPanel,
    },
  ],
}
