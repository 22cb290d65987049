import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'

/** One overlay as a volume of the engine's local driver. */
export interface OverlayVolume {
  /** Inside, absolute. */
  readonly target: string
  /** Host folders, uppermost first. */
  readonly lowers: readonly string[]
  readonly upperDir: string
  readonly workDir: string
  readonly readOnly: boolean
  readonly executable: boolean
}

/** What the kernel takes of a mount's options: one page, its last byte a zero. */
const MAX_OPTION_BYTES = 4095

/**
 * `userxattr` keeps opaque marks where they can be read without privileges, as the overlay level's are; it also turns off redirects
 * and copies of metadata alone, which captures do not know.
 */
function overlayOptions(volume: OverlayVolume): string {
  const flags = [volume.readOnly ? 'ro' : 'rw', 'nosuid', 'nodev', ...(volume.executable ? [] : ['noexec']), 'userxattr']
  const folders = [
    `lowerdir=${volume.lowers.map(escaped).join(':')}`,
    `upperdir=${escaped(volume.upperDir)}`,
    `workdir=${escaped(volume.workDir)}`,
  ]
  const options = [...flags, ...folders].join(',')
  if (Buffer.byteLength(options) > MAX_OPTION_BYTES) {
    throw new KeyframeError({
      code: 'sandbox.path-too-long',
      message: `The folders of this branch have too long names to be mounted: ${volume.upperDir}`,
      action: 'Keep Keyframe’s data in a folder with a shorter name.',
    })
  }
  return options
}

/** Overlayfs divides layers by colons and options by commas, and takes a backslash before either. */
function escaped(path: string): string {
  return path.replaceAll(/[\\:,]/g, '\\$&')
}

/** An unnamed volume: the engine removes it with the container. */
export function overlayMount(volume: OverlayVolume, labels: Readonly<Record<string, string>>): Record<string, unknown> {
  const options = { type: 'overlay', device: 'overlay', o: overlayOptions(volume) }
  return {
    Type: 'volume',
    Target: volume.target,
    // Without NoCopy the engine would fill it with what the image has in that place.
    VolumeOptions: { NoCopy: true, Labels: labels, DriverConfig: { Name: 'local', Options: options } },
  }
}

export function bindMount(source: string, target: string, readOnly: boolean): Record<string, unknown> {
  return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly, BindOptions: { Propagation: 'rprivate' } }
}

/** In memory, so that what is written there counts against the container's memory. */
export function memoryMount(target: string, sizeBytes: number): Record<string, unknown> {
  return { Type: 'tmpfs', Target: target, TmpfsOptions: { SizeBytes: sizeBytes, Mode: 0o1777 } }
}

/**
 * Whether the merged view of read-only layers has a real folder in this place: every step of the path is one, in the uppermost layer
 * that has it. A link that an agent left is none, so that nothing is mounted through it; a whiteout is none either.
 */
export function hasFolder(layers: readonly string[], path: string): boolean {
  const steps = path.split('/')
  return steps.every((_, depth) => {
    const at = steps.slice(0, depth + 1).join('/')
    for (const layer of layers) {
      const found = lstatSync(join(layer, at), { throwIfNoEntry: false })
      if (found !== undefined) return found.isDirectory()
    }
    return false
  })
}
