import type { MarkShape } from '../../../shared/breakpoints'

/** In a square of 10; filled. Drawn on the canvas and in lists alike, so that a mark is the same everywhere. */
export const MARK_PATH: Readonly<Record<MarkShape, string>> = {
  flag: 'M1.5 0.5h1.2v9h-1.2zM2.7 0.9h6.1l-1.7 2.2 1.7 2.2h-6.1z',
  star: 'M5 0.2l1.45 3.1 3.4.4-2.5 2.3.65 3.4L5 7.75 2 9.4l.65-3.4L.15 3.7l3.4-.4z',
  heart: 'M5 9.3L1 5.2A2.4 2.4 0 0 1 5 2a2.4 2.4 0 0 1 4 3.2z',
  pin: 'M5 9.8L2.4 5.6A3.1 3.1 0 1 1 7.6 5.6z',
  cross: 'M3.6 0.5h2.8v3.1h3.1v2.8H6.4v3.1H3.6V6.4H.5V3.6h3.1z',
}

/** Of the colour-blind-safe set of the theme, one a shape. */
export const MARK_COLOUR: Readonly<Record<MarkShape, string>> = {
  flag: '--frame-change',
  star: '--frame-judge',
  heart: '--frame-human',
  pin: '--frame-tool',
  cross: '--frame-context',
}

export function MarkIcon({ shape, size = 12 }: { shape: MarkShape; size?: number }) {
  return (
    <svg className="mark-icon" width={size} height={size} viewBox="0 0 10 10" aria-hidden style={{ color: `var(${MARK_COLOUR[shape]})` }}>
      <path d={MARK_PATH[shape]} fill="currentColor" />
    </svg>
  )
}
