import { agentFeature } from '../features/agent/register'
import { contextFeature } from '../features/context/register'
import { editorFeature } from '../features/editor/register'
import { frameFeature } from '../features/frame/register'
import { graphFeature } from '../features/graph/register'
import { inboxFeature } from '../features/inbox/register'
import { policyFeature } from '../features/policy/register'
import { replayFeature } from '../features/replay/register'
import { runsFeature } from '../features/runs/register'
import { searchFeature } from '../features/search/register'
import { settingsFeature } from '../features/settings/register'
import { terminalFeature } from '../features/terminal/register'
import { timelineFeature } from '../features/timeline/register'
import type { FeatureModule } from './feature-module'

/** Every feature of the window. A new one adds its `register.ts` here and nothing else. */
export const features: readonly FeatureModule[] = [
  runsFeature,
  editorFeature,
  searchFeature,
  inboxFeature,
  contextFeature,
  agentFeature,
  timelineFeature,
  terminalFeature,
  graphFeature,
  frameFeature,
  policyFeature,
  replayFeature,
  settingsFeature,
]
