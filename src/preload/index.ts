import { contextBridge, ipcRenderer } from 'electron'
import {
  BRIDGE_KERNEL_DOWN,
  BRIDGE_PORT,
  IPC_KERNEL_DOWN,
  IPC_PORT,
  IPC_REQUEST_PORT,
  type KeyframeBridge,
} from '../shared/contract/bridge'

const ORIGIN = 'keyframe://app'
const bridge: KeyframeBridge = { requestPort: () => ipcRenderer.send(IPC_REQUEST_PORT) }

contextBridge.exposeInMainWorld('keyframe', bridge)
ipcRenderer.on(IPC_PORT, (event) => window.postMessage(BRIDGE_PORT, ORIGIN, event.ports))
ipcRenderer.on(IPC_KERNEL_DOWN, () => window.postMessage(BRIDGE_KERNEL_DOWN, ORIGIN))
