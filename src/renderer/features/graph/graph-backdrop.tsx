import { useStoreApi } from '@xyflow/react'
import { useEffect, useRef } from 'react'
import { FAMILIES, type Family } from '../../components/node-look'
import { paint, type Palette, type Scene } from './paint-backdrop'

/** After this long without a movement the picture is drawn in full. */
export const REST_MS = 140

interface Props {
  readonly scene: Scene
  readonly selected: string | null
  /** Below this zoom nodes are marks on the canvas. */
  readonly marksBelow: number
}

/** What lies under the nodes of a big graph: its relations and, from afar, its nodes. It follows the viewport without React. */
export function GraphBackdrop({ scene, selected, marksBelow }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const flow = useStoreApi()
  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d') ?? null
    if (element === null || context === null) return
    let palette = paletteOf(element)
    let asked = 0
    let rest: ReturnType<typeof setTimeout> | undefined
    const draw = (moving: boolean): void => {
      asked = 0
      const { transform, width, height } = flow.getState()
      const [x, y, zoom] = transform
      const ratio = devicePixelRatio
      const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)]
      if (element.width !== wide || element.height !== high) {
        element.width = wide
        element.height = high
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      paint(context, scene, { x, y, zoom, width, height, moving }, palette, zoom < marksBelow || moving, selected)
      const frame = element.closest<HTMLElement>('.graph-canvas')
      if (frame !== null) frame.dataset['moving'] = String(moving)
    }
    const ask = (): void => {
      asked ||= requestAnimationFrame(() => draw(true))
      clearTimeout(rest)
      rest = setTimeout(() => requestAnimationFrame(() => draw(false)), REST_MS)
    }
    draw(false)
    const leave = flow.subscribe((state, before) => {
      if (state.transform !== before.transform || state.width !== before.width || state.height !== before.height) ask()
    })
    const themes = new MutationObserver(() => {
      palette = paletteOf(element)
      ask()
    })
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    return () => {
      leave()
      themes.disconnect()
      cancelAnimationFrame(asked)
      clearTimeout(rest)
    }
  }, [flow, scene, selected, marksBelow])
  return <canvas ref={canvas} className="graph-backdrop" aria-hidden />
}

const FAMILY_TOKEN: Readonly<Record<Family, string>> = {
  code: '--frame-tool',
  data: '--frame-change',
  infra: '--frame-context',
  config: '--frame-human',
  docs: '--frame-judge',
  people: '--frame-decision',
  decision: '--frame-error',
}

function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  const families = Object.fromEntries(FAMILIES.map(({ id }) => [id, token(FAMILY_TOKEN[id])]))
  return {
    surface: token('--surface-raised'),
    line: token('--hairline-strong'),
    text: token('--text'),
    muted: token('--text-muted'),
    accent: token('--accent'),
    selected: token('--focus'),
    families: { code: '', data: '', infra: '', config: '', docs: '', people: '', decision: '', ...families },
  }
}
