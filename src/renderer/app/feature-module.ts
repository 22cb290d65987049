import type { Command } from './commands'
import type { PanelDefinition } from './panel-registry'
import type { WindowModel } from './window-model'

/** What a feature folder gives to the window, in its `register.ts`; `features.ts` lists them. */
export interface FeatureModule {
  readonly panels: readonly PanelDefinition[]
  readonly commands?: (model: WindowModel) => readonly Command[]
  /** What the feature does while no panel of it is open; returns the function that ends it. */
  readonly start?: (model: WindowModel) => () => void
}
