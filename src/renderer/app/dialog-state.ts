import type { OpenDialog } from './window-model'

export const NO_DIALOG: OpenDialog = { kind: 'none' }
