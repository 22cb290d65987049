import type { LucideIcon } from 'lucide-react'
import type { ComponentType } from 'react'
import type { Command } from './commands'
import type { WindowModel } from './window-model'

export type PanelPlace = 'side' | 'centre' | 'agent' | 'timeline' | 'bottom'

export interface PanelProps {
  /** What `dock.open` was called with; kept with the layout, so plain JSON. */
  readonly params: Readonly<Record<string, unknown>>
  /** False while another tab hides the panel: draw nothing then. */
  readonly visible: boolean
}

export interface PanelDefinition {
  /** Also the id of the tab while only one is open. */
  readonly id: string
  readonly title: string
  readonly icon: LucideIcon
  /** Where it is in the first layout and where it opens. */
  readonly place: PanelPlace
  /** Order in its place and in the activity bar; the first of a place is in front. */
  readonly order: number
  readonly openAtStart: boolean
  readonly key?: string
  /** True when what it shows follows the selected frame: it is tinted while that is in the past. */
  readonly followsFrame: boolean
  /** Heavy ones are `lazy(() => import(...))`. */
  readonly component: ComponentType<PanelProps>
}

/** What a feature folder gives to the window, in its `register.ts`; `features.ts` lists them. */
export interface FeatureModule {
  readonly panels: readonly PanelDefinition[]
  readonly commands?: (model: WindowModel) => readonly Command[]
}
