import { agentFeature } from '../features/agent/register'
import { frameFeature } from '../features/frame/register'
import { runsFeature } from '../features/runs/register'
import { settingsFeature } from '../features/settings/register'
import { timelineFeature } from '../features/timeline/register'
import type { FeatureModule } from './panel-registry'

/** Every feature of the window. A new one adds its `register.ts` here and nothing else. */
export const features: readonly FeatureModule[] = [runsFeature, agentFeature, timelineFeature, frameFeature, settingsFeature]
