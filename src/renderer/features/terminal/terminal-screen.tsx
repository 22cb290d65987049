import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { BranchId, RunId } from '../../../shared/ids'
import { chordOf } from '../../app/keymap'
import type { StateCache } from '../../app/state-cache'
import { useRunFrames, useWindow } from '../../app/window-context'
import { FindBar } from './find-bar'
import { reconcile } from './live-tail'
import { PasteDialog } from './paste-dialog'
import { boundOps, framesOnPath, screenOps } from './recording'
import { Screen } from './screen'
import { CHECKS } from './sessions'
import { hideScreen, openTerminal, screenKey, showScreen, terminals } from './terminal-store'
import { readLook } from './terminal-theme'
import { cleanPaste, isTerminalReply, needsAsking } from './untrusted'

interface Props {
  readonly runId: RunId
  readonly branchId: BranchId
  readonly session: string
  /** The frame to show; null follows the live end. */
  readonly upTo: number | null
  readonly writable: boolean
  /** The person's own session: it fits the panel, and answers what programs ask the terminal. */
  readonly mine: boolean
  /** Says that its shell is not running and offers to start it. */
  readonly restart: string | null
}

/** What is on the screen: frames of `cache` up to `upTo`, then what events said since. */
interface Shown {
  readonly cache: StateCache
  readonly upTo: number
  readonly live: boolean
  readonly tail: string
}

const RESIZE_AFTER_MS = 120
/** A paste goes to the shell in pieces, so that no call is large. */
const WRITE_CHARS = 64 * 1024

/** Lines from the top by session, so that coming back to a tab shows the same place. */
const scrolled = new Map<string, number>()

export function TerminalScreen({ runId, branchId, session, upTo, writable, mine, restart }: Props) {
  const model = useWindow()
  const { cache, version } = useRunFrames()
  const screenReader = useStore(terminals, (state) => state.screenReader)
  const host = useRef<HTMLDivElement>(null)
  const screen = useRef<Screen | null>(null)
  const shown = useRef<Shown | null>(null)
  const [ready, setReady] = useState(false)
  const [finding, setFinding] = useState(false)
  const [pasting, setPasting] = useState<string | null>(null)
  const [truncated, setTruncated] = useState(false)
  const [empty, setEmpty] = useState(false)
  const past = upTo !== null
  // xterm keeps the functions it was given; they read what holds now from here.
  const now = useRef({ writable, mine, past })
  now.current = { writable, mine, past }

  function write(data: string): void {
    for (let at = 0; at < data.length; at += WRITE_CHARS) {
      model.link
        .call('terminal.write', { runId, branchId, session, data: data.slice(at, at + WRITE_CHARS) })
        .catch((thrown: unknown) => model.notices.fail(thrown))
    }
  }

  function paste(text: string): void {
    if (!now.current.writable) return
    const clean = cleanPaste(text)
    if (needsAsking(clean.trimEnd())) setPasting(clean)
    else if (clean !== '') screen.current?.terminal.paste(clean.trimEnd())
  }

  const makeScreen = useEffectEvent((element: HTMLElement): (() => void) => {
    const key = screenKey(runId, branchId, session)
    let resizing: ReturnType<typeof setTimeout> | null = null
    let told = ''
    const made = new Screen({
      look: readLook(element, now.current.past),
      screenReader: terminals.getState().screenReader,
      bareNewlines: session === CHECKS,
      fitsColumns: mine,
      onData(data) {
        if (!now.current.writable) return
        if (isTerminalReply(data) && (!now.current.mine || made.replaying)) return
        write(data)
      },
      onSize(cols, rows) {
        const size = `${cols}x${rows}`
        // A shell that is started anew has not been told.
        if (!now.current.writable) told = ''
        if (size === told) return
        if (resizing !== null) clearTimeout(resizing)
        resizing = setTimeout(() => {
          if (!now.current.writable) return
          told = size
          model.link.call('terminal.resize', { runId, branchId, session, cols, rows }).catch(model.notices.fail)
        }, RESIZE_AFTER_MS)
      },
    })
    screen.current = made
    made.open(element)
    const { terminal } = made
    if (terminal.textarea !== undefined) {
      terminal.textarea.dataset['autofocus'] = ''
      terminal.textarea.setAttribute('aria-label', `Terminal input, ${session}`)
    }
    terminal.attachCustomKeyEventHandler((event) => {
      const chord = event.type === 'keydown' ? chordOf(event) : null
      if (chord === null) return true
      if (chord === 'Ctrl+F') {
        event.preventDefault()
        event.stopPropagation()
        setFinding(true)
        return false
      }
      // The browser turns this chord into a paste event, which asks no permission.
      if (chord === 'Ctrl+Shift+V' || chord === 'Shift+Insert') {
        event.stopPropagation()
        return false
      }
      return !isForWindow(chord, model.commands.find(chord, model.settings.store.getState().keymap) !== undefined)
    })
    const onPaste = (event: ClipboardEvent): void => {
      event.preventDefault()
      event.stopPropagation()
      paste(event.clipboardData?.getData('text/plain') ?? '')
    }
    element.addEventListener('paste', onPaste, true)
    const onTheme = (): void => made.setLook(readLook(element, now.current.past))
    window.addEventListener('themechange', onTheme)
    // Widths are measured with the font that is there: measure again when the real one has come.
    void document.fonts.load(`12px ${getComputedStyle(element).getPropertyValue('--font-mono')}`).then(() => {
      if (screen.current === made) made.setLook(readLook(element, now.current.past))
    })
    const watching = new ResizeObserver(() => made.fit())
    watching.observe(element)
    showScreen({
      key,
      session,
      focus: () => terminal.focus(),
      hasFocus: () => element.contains(document.activeElement),
      find: () => setFinding(true),
      copy() {
        if (terminal.hasSelection()) navigator.clipboard.writeText(terminal.getSelection()).catch(model.notices.fail)
      },
      copyAll() {
        copyEverything(made).then(
          () => model.notices.add({ level: 'success', message: 'The terminal’s text was copied.' }),
          (thrown: unknown) => model.notices.fail(thrown),
        )
      },
      paste() {
        navigator.clipboard.readText().then(paste, () =>
          model.notices.add({
            level: 'warning',
            message: 'The clipboard cannot be read from here.',
            action: 'Press Ctrl+Shift+V in the terminal.',
          }),
        )
      },
      clear: () => terminal.clear(),
    })
    setReady(true)
    return () => {
      const { viewportY, baseY } = terminal.buffer.active
      if (viewportY < baseY) scrolled.set(key, viewportY)
      if (resizing !== null) clearTimeout(resizing)
      watching.disconnect()
      element.removeEventListener('paste', onPaste, true)
      window.removeEventListener('themechange', onTheme)
      hideScreen(key)
      screen.current = null
      shown.current = null
      made.dispose()
      setReady(false)
    }
  })
  // One screen a session: what else it depends on is read when it is needed.
  useLayoutEffect(() => (host.current === null ? undefined : makeScreen(host.current)), [runId, branchId, session])

  useLayoutEffect(() => {
    const element = host.current
    if (element !== null) screen.current?.setLook(readLook(element, past))
    if (screen.current === null) return
    screen.current.terminal.options.disableStdin = !writable
    screen.current.terminal.options.screenReaderMode = screenReader
  }, [past, writable, ready, screenReader])

  // Brings the screen to what is selected: further text is added, anything else is written again.
  useEffect(() => {
    const made = screen.current
    if (made === null || !ready) return
    const target = upTo ?? cache.length
    const before = shown.current
    if (before !== null && before.cache === cache && before.tail === '' && isQuiet(cache, branchId, session, before.upTo, target)) {
      shown.current = { ...before, upTo: target, live: upTo === null }
      return
    }
    if (
      before === null ||
      before.cache !== cache ||
      before.upTo > target ||
      (!before.live && upTo === null) ||
      (before.live && upTo !== null)
    ) {
      const tail = before !== null && before.cache === cache && before.live && upTo === null ? before.tail : ''
      const { ops, truncated } = boundOps(screenOps(framesOnPath(cache, branchId, 0, target), session))
      setTruncated(truncated)
      setEmpty(!ops.some((op) => op.kind === 'print'))
      shown.current = { cache, upTo: target, live: upTo === null, tail }
      const place = scrolled.get(screenKey(runId, branchId, session))
      scrolled.delete(screenKey(runId, branchId, session))
      void made.rewrite(ops, tail).then(() => {
        if (place !== undefined) made.terminal.scrollToLine(place)
      })
      return
    }
    if (before.upTo === target) return
    let { tail } = before
    let rewrite = false
    for (const op of screenOps(framesOnPath(cache, branchId, before.upTo, target), session)) {
      if (op.kind === 'size') {
        made.apply([op])
        continue
      }
      setEmpty(false)
      const reconciled = before.live ? reconcile(tail, op.data) : ({ screen: 'print', tail: '' } as const)
      tail = reconciled.tail
      if (reconciled.screen === 'print') made.print(op.data)
      if (reconciled.screen === 'rewrite') rewrite = true
    }
    shown.current = { ...before, upTo: target, tail }
    if (rewrite) void made.rewrite(boundOps(screenOps(framesOnPath(cache, branchId, 0, target), session)).ops, tail)
  }, [cache, version, upTo, ready, runId, branchId, session])

  useEffect(
    () =>
      model.link.on('terminal.data', (event) => {
        const before = shown.current
        if (event.runId !== runId || event.branchId !== branchId || event.session !== session) return
        if (before === null || !before.live) return
        shown.current = { ...before, tail: before.tail + event.data }
        setEmpty(false)
        screen.current?.print(event.data)
      }),
    [model, runId, branchId, session],
  )

  return (
    <div className="terminal-screen" id="terminal-screen" role="tabpanel" aria-label={`Terminal session ${session}`}>
      {truncated && <p className="terminal-hint">Only the last 2 MiB are shown; earlier output is in the journal.</p>}
      {restart !== null && (
        <p className="terminal-hint">
          {restart}{' '}
          <button type="button" className="link" onClick={() => void openTerminal(model, session).catch(model.notices.fail)}>
            Start it
          </button>
        </p>
      )}
      <div className="terminal-host" data-fits={mine}>
        <div className="terminal-xterm" ref={host} />
        {empty && <p className="terminal-empty">{past ? 'Nothing was printed up to this frame.' : 'Nothing was printed yet.'}</p>}
      </div>
      {finding && screen.current !== null && (
        <FindBar
          search={screen.current.search}
          onClose={() => {
            setFinding(false)
            screen.current?.terminal.focus()
          }}
        />
      )}
      {pasting !== null && (
        <PasteDialog
          text={pasting}
          onClose={(text) => {
            setPasting(null)
            if (text !== null) screen.current?.terminal.paste(text)
            screen.current?.terminal.focus()
          }}
        />
      )}
    </div>
  )
}

/** Nothing was printed between the two frames, whichever is later: the screen is right for both. */
function isQuiet(cache: StateCache, branchId: BranchId, session: string, one: number, other: number): boolean {
  return screenOps(framesOnPath(cache, branchId, Math.min(one, other), Math.max(one, other)), session).length === 0
}

/** Keys that the shell has no use for, or that lead out of it, when the window has a command for them. */
function isForWindow(chord: string, hasCommand: boolean): boolean {
  return hasCommand && (/^(?:Shift\+)?F\d{1,2}$/.test(chord) || /^Ctrl\+(?:Alt\+)?Shift\+/.test(chord) || /^Ctrl\+[\d`]$/.test(chord))
}

async function copyEverything(screen: Screen): Promise<void> {
  const blob = (type: string, text: string): Blob => new Blob([text], { type })
  await navigator.clipboard.write([
    new ClipboardItem({ 'text/plain': blob('text/plain', screen.text()), 'text/html': blob('text/html', screen.html()) }),
  ])
}
