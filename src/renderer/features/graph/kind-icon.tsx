import { type NodeKind, NODE_LOOK } from './kinds'

/** Icon and colour of a kind of symbol; its name is said to assistive technology. */
export function KindIcon({ kind, size = 14 }: { kind: NodeKind; size?: number }) {
  const { icon: Icon, family } = NODE_LOOK[kind]
  return <Icon size={size} className="kind-icon" data-family={family} role="img" aria-label={kind} />
}
