import type { Duplex } from 'node:stream'
import { KeyframeError } from '../../../../../shared/failure'
import { childrenOf, descendantsOf, hasEnded, signalProcess } from '../process-tree'
import { engineMessage, type EngineClient } from './engine-client'
import { ContainerView, Created } from './engine-shapes'

/** Where the launcher is inside. */
export const LAUNCHER = '/opt/keyframe/bin/launch'

/**
 * The first process: ends when its input does, which the kernel holds the other end of, and with it every process of the container.
 * Meanwhile it takes in those whose parents have ended. A shell gives its background programs no input of their own accord, so the
 * input is handed on by another number.
 */
const INIT = 'exec 3<&0; cat <&3 3<&- >/dev/null & exec 3<&-; wait $!'

/** A running container: one branch's. */
export interface Container {
  readonly id: string
  /** Its first process, as this system numbers it. */
  readonly pid: number
  readonly exited: Promise<void>
  isAlive(): boolean
  /** Kills what has no living command above it; see command-launcher.ts. Returns how many were found. */
  sweep(): number
  /** Ends everything in it and waits until the engine has taken its mounts down. Idempotent. */
  remove(): Promise<void>
}

/**
 * Starts a container whose first process dies with this one. Throws `sandbox.container-failed` with the engine's words, or
 * `docker.not-here` when its processes are not this system's.
 */
export async function startContainer(engine: EngineClient, settings: Readonly<Record<string, unknown>>): Promise<Container> {
  const { Id: id } = await engine.post(Created, '/containers/create', {
    ...settings,
    Entrypoint: [LAUNCHER],
    Cmd: ['/bin/sh', '-c', INIT],
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: false,
    AttachStderr: false,
  })
  let line: Duplex | null = null
  try {
    line = await engine.upgrade(`/containers/${id}/attach?stream=1&stdin=1`)
    const started = await engine.send('POST', `/containers/${id}/start`)
    if (started.status >= 300) throw failed(engineMessage(started))
    const { State } = await engine.get(ContainerView, `/containers/${id}/json`)
    if (!State.Running) throw failed(State.Error || 'it ended at once')
    if (hasEnded(State.Pid)) {
      throw new KeyframeError({
        code: 'docker.not-here',
        message: 'The processes of the Docker engine are not processes of this system: it runs in a virtual machine or elsewhere.',
        action: 'Use an engine that runs on this machine itself.',
      })
    }
    return running(engine, id, State.Pid, line, await firstChild(State.Pid))
  } catch (thrown) {
    line?.destroy()
    await discard(engine, id)
    throw thrown
  }
}

/** The program that waits for the input to end; the first process starts it a moment after itself. */
async function firstChild(pid: number): Promise<number> {
  for (let waitedMs = 0; !hasEnded(pid); waitedMs += 2) {
    const [child] = childrenOf(pid)
    if (child !== undefined) return child
    if (waitedMs > START_MS) throw failed('its first process does nothing')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw failed('it ended at once')
}

function running(engine: EngineClient, id: string, pid: number, line: Duplex, own: number): Container {
  let isOver = false
  let removing: Promise<void> | null = null
  const exited = new Promise<void>((resolve) => {
    line.once('close', () => {
      isOver = true
      resolve()
    })
  })
  // The engine ends the connection when the container has ended; nothing is ever read from it.
  line.on('error', () => line.destroy())
  line.on('end', () => line.destroy())
  line.resume()
  return {
    id,
    pid,
    exited,
    isAlive: () => !isOver && !hasEnded(pid),
    sweep() {
      const strays = childrenOf(pid).filter((child) => child !== own && !hasEnded(child))
      for (const stray of strays) for (const victim of [stray, ...descendantsOf(stray)]) signalProcess(victim, 'SIGKILL')
      return strays.length
    },
    remove() {
      removing ??= discard(engine, id).finally(() => line.destroy())
      return removing
    },
  }
}

const START_MS = 10_000
const REMOVAL_MS = 15_000

/** The engine removes it by itself when it ends, so that it may be gone already or be about to go. */
async function discard(engine: EngineClient, id: string): Promise<void> {
  const asked = await engine.send('DELETE', `/containers/${id}?force=1&v=1`)
  if (![200, 204, 404, 409].includes(asked.status)) throw failed(engineMessage(asked))
  let waitMs = 2
  for (let waitedMs = 0; waitedMs < REMOVAL_MS; waitedMs += waitMs) {
    if ((await engine.send('GET', `/containers/${id}/json`)).status === 404) return
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    waitMs = Math.min(waitMs * 2, 100)
  }
  throw failed('it was told to end and is still there')
}

function failed(reason: string): KeyframeError {
  return new KeyframeError({
    code: 'sandbox.container-failed',
    message: `The branch's container could not be run: ${reason}`,
    action: 'Run `npm run -s keyframe -- doctor` to see what the engine does not allow.',
  })
}
