import { MessageChannelMain, type UtilityProcess, utilityProcess, type WebContents } from 'electron'
import { IPC_KERNEL_DOWN, IPC_PORT } from '../shared/contract/bridge'
import { afterCrash, type Crashes } from './restart-delay'

export interface SupervisorOptions {
  /** The built kernel-process entry. */
  readonly entry: string
  readonly root: string
  readonly appRoot: string
  log(line: string): void
}

/**
 * Keeps the kernel of one workspace running in a utility process and hands each window that asks one port to it.
 * After a crash the windows are told, and the kernel is started again with a growing delay.
 */
export class KernelSupervisor {
  readonly #options: SupervisorOptions
  #process: UtilityProcess | null = null
  #windows = new Set<WebContents>()
  /** Windows that asked for a port while there was no kernel. */
  #waiting = new Set<WebContents>()
  #startedAtMs = 0
  #crashes: Crashes | null = null
  #timer: NodeJS.Timeout | null = null
  #isClosing = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#start()
  }

  addWindow(window: WebContents): void {
    this.#windows.add(window)
    window.once('destroyed', () => this.#windows.delete(window))
  }

  /** Gives the window a port, at once or when the kernel is up again. Messages to a process that is starting wait for it. */
  handPort(window: WebContents): void {
    if (this.#process === null) {
      this.#waiting.add(window)
      return
    }
    const { port1, port2 } = new MessageChannelMain()
    this.#process.postMessage({ type: 'connect' }, [port1])
    window.postMessage(IPC_PORT, null, [port2])
  }

  get hasWindows(): boolean {
    return this.#windows.size > 0
  }

  close(): void {
    this.#isClosing = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    // The kernel ends its runs and its children, then exits by itself.
    this.#process?.postMessage({ type: 'close' })
  }

  #start(): void {
    this.#startedAtMs = performance.now()
    const { entry, root, appRoot, log } = this.#options
    const child = utilityProcess.fork(entry, [root, appRoot], { serviceName: 'Keyframe kernel', stdio: 'pipe' })
    child.stdout?.on('data', (chunk: Buffer) => log(chunk.toString().trimEnd()))
    child.stderr?.on('data', (chunk: Buffer) => log(chunk.toString().trimEnd()))
    child.on('exit', (code) => this.#exited(code))
    this.#process = child
    const waiting = [...this.#waiting].filter((window) => !window.isDestroyed())
    this.#waiting.clear()
    for (const window of waiting) this.handPort(window)
  }

  #exited(code: number): void {
    this.#process = null
    if (this.#isClosing) return
    this.#crashes = afterCrash(this.#crashes, performance.now() - this.#startedAtMs)
    this.#options.log(`kernel ended with code ${code}; starting it again in ${this.#crashes.delayMs} ms`)
    for (const window of this.#windows) window.send(IPC_KERNEL_DOWN)
    this.#timer = setTimeout(() => this.#start(), this.#crashes.delayMs)
  }
}
