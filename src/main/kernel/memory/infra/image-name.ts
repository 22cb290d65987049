import { posix } from 'node:path'
import type { FactsCollector } from '../data/collect-facts'

export interface ImageName {
  /** Without tag and digest, so that all who name it mean one node: `image:registry.example.org/shop/api`. */
  readonly key: string
  readonly name: string
  readonly tag: string | null
}

/** Null for what is no name of an image, as a variable without any text around it. */
export function imageName(written: string): ImageName | null {
  const [withTag = ''] = written
    .trim()
    .slice(0, 500)
    .replaceAll(/\$\{(\w+)[^}]*\}/g, '$$$1')
    .split('@')
  const colon = withTag.lastIndexOf(':')
  const hasTag = colon > withTag.lastIndexOf('/')
  const name = hasTag ? withTag.slice(0, colon) : withTag
  const tag = hasTag ? withTag.slice(colon + 1) : null
  if (name.length > 255 || !/^[\w$][\w.$/:{}~-]*$/.test(name) || /^\$\{?\w+\}?$/.test(name)) return null
  return { key: `image:${name.replace(/^docker\.io\/(?:library\/)?/, '')}`, name: posix.basename(name), tag }
}

/** Mentions the image that somebody names; its key, or null when that is no name. */
export function mentionImage(facts: FactsCollector, written: string, line: number): string | null {
  const image = imageName(written)
  if (image === null) return null
  facts.mention(image.key, 'image', image.name, { line }, image.tag === null ? {} : { tag: image.tag }, written.trim())
  return image.key
}
