import type { NodeKind } from '../../shared/graph'
import './kind-icon.css'
import { NODE_LOOK } from './node-look'

/** Icon and colour of a kind of entity; its name is said to assistive technology. */
export function KindIcon({ kind, size = 14 }: { kind: NodeKind; size?: number }) {
  const { icon: Icon, family, word } = NODE_LOOK[kind]
  return <Icon size={size} className="kind-icon" data-family={family} role="img" aria-label={word} />
}
