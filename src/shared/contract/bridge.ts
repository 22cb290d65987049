/**
 * What the preload gives to the page under Electron: nothing but the hand-over of a port to the kernel. The port cannot
 * cross the context bridge, so it arrives as a `message` event of the window itself.
 */
export interface KeyframeBridge {
  /** A port follows as a window message with `data === BRIDGE_PORT`, at once or when the kernel is up again. */
  requestPort(): void
}

export const BRIDGE_PORT = 'keyframe:port'
/** Posted to the window when the kernel process has died; every port to it is dead. */
export const BRIDGE_KERNEL_DOWN = 'keyframe:kernel-down'

/** Channels between the preload and Electron's main process. */
export const IPC_REQUEST_PORT = 'keyframe:request-port'
export const IPC_PORT = 'keyframe:port'
export const IPC_KERNEL_DOWN = 'keyframe:kernel-down'
