import type { LucideIcon } from 'lucide-react'
import type { ComponentType } from 'react'

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
  /** False keeps it out of the activity bar: it is opened by others. True when left out. */
  readonly listed?: boolean
  readonly key?: string
  /** True when what it shows follows the selected frame: it is tinted while that is in the past. */
  readonly followsFrame: boolean
  /** Heavy ones are `lazy(() => import(...))`. */
  readonly component: ComponentType<PanelProps>
}
