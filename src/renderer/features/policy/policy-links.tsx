/** The policies that made a decision; each leads to its place in the text. */
export function PolicyLinks({ policies, onPolicy }: { policies: readonly string[]; onPolicy: (id: string) => void }) {
  if (policies.length === 0) return <span className="faint">no policy speaks of it</span>
  return (
    <span className="policy-links">
      {policies.map((id) => (
        <button key={id} type="button" className="link mono" onClick={() => onPolicy(id)}>
          {id}
        </button>
      ))}
    </span>
  )
}
